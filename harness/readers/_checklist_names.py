"""First names to fill into MultiCheckList's templates, men's as in the published suites, by language.

The published suites take theirs from the lexicon of the package `checklist`; these are the project's own. In one
language none is part of another, so that it is plain which one an answer means.
"""

from __future__ import annotations

_LATIN = ("Robert", "Martin", "Thomas", "David", "Simon", "Victor", "Daniel", "Peter")
_CYRILLIC = ("Роберт", "Мартин", "Томас", "Давид", "Симон", "Виктор", "Даниил", "Олег")
_ARABIC = ("علي", "حسن", "خالد", "عمر", "يوسف", "كريم", "سامي", "طارق")
_PERSIAN = ("علی", "حسن", "خالد", "رضا", "یوسف", "کریم", "سامی", "بهرام")
_DEVANAGARI = ("अमित", "रवि", "संजय", "राहुल", "दीपक", "मोहन", "सुनील", "गोपाल")
NAMES: dict[str, tuple[str, ...]] = {
    "ar": _ARABIC,
    "bg": _CYRILLIC,
    "bn": ("অমিত", "রবি", "সঞ্জয়", "রাহুল", "দীপক", "মোহন", "সুনীল", "গোপাল"),
    "el": ("Ροβέρτος", "Μάρτιν", "Θωμάς", "Δαυίδ", "Σίμος", "Βίκτωρ", "Μάρκος", "Πέτρος"),
    "fa": _PERSIAN,
    "gu": ("અમિત", "રવિ", "સંજય", "રાહુલ", "દીપક", "મોહન", "સુનીલ", "ગોપાલ"),
    "he": ("רוברט", "מרטין", "תומס", "דוד", "שמעון", "ויקטור", "דניאל", "יוסף"),
    "hi": _DEVANAGARI,
    "ja": ("太郎", "健太", "大輔", "翔太", "直樹", "和也", "拓也", "亮介"),
    "ka": ("გიორგი", "დავითი", "ლევანი", "ნიკა", "ზურა", "ირაკლი", "ვახტანგი", "თემური"),
    "kk": _CYRILLIC,
    "ko": ("민준", "서준", "지훈", "현우", "도윤", "성민", "재현", "동혁"),
    "ml": ("അമിത്", "രവി", "സഞ്ജയ്", "രാഹുൽ", "ദീപക്", "മോഹൻ", "സുനിൽ", "ഗോപാൽ"),
    "mr": _DEVANAGARI,
    "my": ("မောင်မောင်", "ကျော်ကျော်", "အောင်အောင်", "ဇော်ဇော်", "မင်းမင်း", "စိုးစိုး", "ဝင်းဝင်း", "ဟိန်းဟိန်း"),
    "pa": ("ਅਮਿਤ", "ਰਵੀ", "ਸੰਜੇ", "ਰਾਹੁਲ", "ਦੀਪਕ", "ਮੋਹਨ", "ਸੁਨੀਲ", "ਗੋਪਾਲ"),
    "ru": _CYRILLIC,
    "ta": ("அமித்", "ரவி", "சஞ்சய்", "ராகுல்", "தீபக்", "மோகன்", "சுனில்", "கோபால்"),
    "te": ("అమిత్", "రవి", "సంజయ్", "రాహుల్", "దీపక్", "మోహన్", "సునీల్", "గోపాల్"),
    "th": ("สมชาย", "วิชัย", "ประเสริฐ", "สุรชัย", "อนันต์", "ธนา", "กิตติ", "มานะ"),
    "uk": ("Роберт", "Мартін", "Томас", "Давид", "Симон", "Віктор", "Данило", "Олег"),
    "ur": _PERSIAN,
    "zh": ("李明", "王强", "张伟", "刘洋", "陈杰", "杨帆", "赵磊", "周涛"),
}


def names(language: str) -> tuple[str, ...]:
    """Returns the names of a language; those in Latin script for one that has no list of its own."""
    return NAMES.get(language, _LATIN)
