"""Plans of small workflows that need and lock each other, without files."""

from __future__ import annotations

import msgspec
from fakes import ROOT, compile_raw

from runflow.plan.plan import Need, Plan, Row

BASE = compile_raw("base_url: http://a.test\nsteps:\n  - get: /\n")


def plan(name: str, *needs: str, lock: str = "", rows: int = 1) -> Plan:
    return msgspec.structs.replace(
        BASE,
        name=name,
        file=f"{name}.yaml",
        path=ROOT / f"{name}.yaml",
        key=f"{name}.yaml",
        needs=tuple(Need(f"{each}.yaml", ROOT / f"{each}.yaml", ("needs", 0)) for each in needs),
        lock=lock,
        rows=tuple(Row({}, f"[{number}]" if rows > 1 else "") for number in range(rows)),
    )
