// Filters the verdicts, sorts tables, and opens what is folded where a link leads to it or a printer asks for it.
"use strict";
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const words = (element) => element.textContent.toLowerCase();

  // Filter: a part is shown if it fits all three controls, a claim if one of its parts is.
  const form = document.getElementById("filter");
  if (form) {
    const drawn = all("[data-part]");
    const claims = all(".claim").map((card) => ({
      card,
      words: words(card.querySelector(".id")) + " " + words(card.querySelector(".about")),
      parts: all(".parts tbody", card),
    }));
    const parts = claims.flatMap((claim) => claim.parts);
    const { outcome, fidelity, text } = form.elements;
    const filter = () => {
      const wanted = text.value.toLowerCase().split(/\s+/).filter(Boolean);
      const fits = (part, claim) =>
        (!outcome.value || part.dataset.outcome === outcome.value) &&
        (!fidelity.value || part.dataset.fidelity === fidelity.value) &&
        wanted.every((word) => claim.words.includes(word) || words(part.rows[0]).includes(word));
      for (const claim of claims) {
        for (const part of claim.parts) {
          part.hidden = !fits(part, claim);
          for (const row of drawn) if (row.dataset.part === part.dataset.part) row.hidden = part.hidden;
        }
        claim.card.hidden = claim.parts.every((part) => part.hidden);
      }
      const count = (items) => `${items.filter((item) => !item.hidden).length} of ${items.length}`;
      form.querySelector("output").textContent =
        `${count(claims.map((claim) => claim.card))} claims, ${count(parts)} parts shown`;
      form.classList.toggle("narrowed", parts.some((part) => part.hidden));
    };
    form.addEventListener("input", filter);
    form.addEventListener("reset", () => setTimeout(filter));
    form.addEventListener("submit", (event) => event.preventDefault());
    form.hidden = false;
    filter();
  }

  // Sort: by a column upwards, downwards, then as it was. Rows stay in their group, and groups follow their first row.
  const shown = (row, column) => {
    const cell = row.cells[column];
    const text = cell?.dataset.value ?? (cell?.querySelector("strong") ?? cell)?.textContent ?? "";
    return text.trim().replace("−", "-").replace(/(\d)\s(?=\d{3}\b)/g, "$1");
  };
  const isMissing = (text) => text === "" || text.startsWith("–");
  const order = (items, direction, value) => {
    const numeric = items.every((item) => isMissing(value(item)) || /^[-+]?\d/.test(value(item)));
    return [...items].sort((one, other) => {
      const [a, b] = [value(one), value(other)];
      if (!direction) return one.place - other.place;
      if (isMissing(a) || isMissing(b)) return isMissing(a) - isMissing(b);
      return direction * (numeric ? parseFloat(a) - parseFloat(b) : a.localeCompare(b, "en", { numeric: true }));
    });
  };
  for (const table of all("table.lines, table.grid")) {
    const groups = [...table.tBodies].map((body, place) => {
      const rows = [...body.rows].filter((row) => !row.matches(".group"));
      return { body, place, rows: rows.map((row, at) => ({ row, place: at })) };
    });
    if (groups.flatMap((group) => group.rows).length < 2 || groups.some((group) => !group.rows.length)) continue;
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      if (head.querySelector("a")) {
        button.setAttribute("aria-label", `Sort by ${head.querySelector("a").textContent}`);
        head.append(button);
      } else {
        button.append(...head.childNodes);
        button.title = "Sort";
        head.append(button);
      }
      button.addEventListener("click", () => {
        const before = head.getAttribute("aria-sort");
        for (const each of heads) each.removeAttribute("aria-sort");
        const direction = before === "ascending" ? -1 : before === "descending" ? 0 : 1;
        if (direction) head.setAttribute("aria-sort", direction > 0 ? "ascending" : "descending");
        const value = (item) => shown(item.row, column);
        for (const group of groups) {
          group.sorted = order(group.rows, direction, value);
          group.body.append(...group.sorted.map((item) => item.row));
        }
        const first = (group) => value(group.sorted[0]);
        for (const group of order(groups, direction, first)) table.insertBefore(group.body, table.tFoot);
      });
    });
  }

  // Folded: a link may lead into it, and paper cannot be unfolded.
  const unfold = () => {
    let target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let each = target; each; each = each.parentElement) if (each.matches("details")) each.open = true;
    target?.scrollIntoView();
  };
  addEventListener("hashchange", unfold);
  unfold();
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = all("details:not([open])");
    for (const each of opened) each.open = true;
  });
  addEventListener("afterprint", () => {
    for (const each of opened) each.open = false;
  });
  document.documentElement.dataset.ready = "";
})();
