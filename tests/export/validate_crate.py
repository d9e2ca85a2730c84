"""Validates a crate without a network; run by the Python that has `roc-validator`: validate_crate.py CRATE CONTEXT SEVERITY.

The validator asks for the context of RO-Crate 1.1 by its address. CONTEXT is put into its cache under that address.
"""

import json
import sys
import tempfile
from pathlib import Path

import requests_cache
from requests_cache.models import CachedRequest, CachedResponse
from rocrate_validator import models, services

URL = "https://w3id.org/ro/crate/1.1/context"


def main(crate: str, context: str, severity: str) -> int:
    with tempfile.TemporaryDirectory() as folder:
        cache = Path(folder) / "cache"
        session = requests_cache.CachedSession(str(cache), backend="sqlite", expire_after=-1)
        for headers in ({"Accept": "application/ld+json, application/json"}, {}):
            request = CachedRequest(method="GET", url=URL, headers=headers)
            answer = CachedResponse(
                url=URL,
                status_code=200,
                content=Path(context).read_bytes(),
                headers={"Content-Type": "application/ld+json"},
                request=request,
            )
            session.cache.save_response(answer)
        session.close()
        settings = services.ValidationSettings(
            rocrate_uri=crate,
            profile_identifier="provenance-run-crate",
            requirement_severity=models.Severity[severity],
            cache_path=str(cache),
            offline=True,
        )
        result = services.validate(settings)
        issues = [{"check": issue.check.identifier, "message": str(issue.message)} for issue in result.get_issues()]
        sys.stdout.write(json.dumps({"passed": result.passed(), "n_checks": len(result.executed_checks), "issues": issues}))
    return 0 if result.passed() else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
