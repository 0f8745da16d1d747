"""A file packed by zstd, as archives of market data have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from cases.conftest import Case


def test_read_as_it_is(case: Callable[[str], Case]) -> None:
    """Without unpacking it before: its one tick makes a bar."""
    packed = case("zstd")
    packed.barloom("run d.toml --source a.csv.zst --store s --at-end close")

    assert ["1"] == packed.bars("1m")["count"].to_list()


def test_other_packings(case: Callable[[str], Case]) -> None:
    """The other two that archives use."""
    packed = case("zstd")
    packed.sh("""python3 -c "
import bz2, lzma, pathlib
from backports import zstd
text = zstd.decompress(pathlib.Path('a.csv.zst').read_bytes())
pathlib.Path('b.csv.xz').write_bytes(lzma.compress(text)); pathlib.Path('c.csv.bz2').write_bytes(bz2.compress(text))
" """)
    for name in ("b.csv.xz", "c.csv.bz2"):
        packed.barloom(f"run d.toml --source {name} --store {name[0]} --at-end close")
        assert ["1"] == packed.bars("1m", name[0])["count"].to_list()
