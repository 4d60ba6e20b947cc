import bz2
import gzip
import lzma
import sys
from functools import partial

import pytest

from tests.xmlrec.catalog.whole_file import read_whole, write_file
from xmlrec.catalog import CatalogSettings, read_catalog
from xmlrec.catalog.compression import COMPRESSIONS, Damage, compression_of, decompress
from xmlrec.errors import InputError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CSV_ROWS = "id,title\n" + "".join(f"{n},title number {n * n}\n" for n in range(20_000))
PACK = {
    ".gz": gzip.compress,
    ".bz2": partial(bz2.compress, compresslevel=1),  # in blocks of 100,000 bytes
    ".xz": lzma.compress,
    ".zst": zstd.compress,
}
KINDS = {kind.suffix: kind for kind in COMPRESSIONS}
every_kind = pytest.mark.parametrize("suffix", PACK)


@every_kind
@pytest.mark.parametrize("name", ["shop.csv{}", "shop{}", "shop.csv"])
def test_compression_is_recognised_whatever_the_name(tmp_path, suffix, name):
    path = write_file(tmp_path, name.format(suffix), PACK[suffix](CSV_ROWS.encode()))
    assert read_whole(path).ids == [str(number) for number in range(20_000)]


@every_kind
@pytest.mark.parametrize("n_bytes", [1, 100, 1 << 16])
def test_members_that_follow_one_another_are_read_to_the_padded_end(suffix, n_bytes):
    text = CSV_ROWS[:60_000].encode()
    parts = [text[:7], text[7:1000], b"", text[1000:]]
    data = b"".join(map(PACK[suffix], parts)) + b"\0" * 512
    blocks = [data[start : start + n_bytes] for start in range(0, len(data), n_bytes)]
    assert b"".join(decompress(blocks, KINDS[suffix])) == text


@every_kind
def test_half_a_file_gives_its_whole_rows_and_then_an_error(tmp_path, suffix):
    data = PACK[suffix](CSV_ROWS.encode())
    path = write_file(tmp_path, f"shop.csv{suffix}", data[: len(data) // 2])
    got = []
    with pytest.raises(InputError) as error:
        got.extend(read_catalog(str(path), CatalogSettings(), print))
    assert 5_000 < len(got) < 15_000
    assert str(error.value).endswith(
        f"incomplete: the {KINDS[suffix].name} data end too soon; {len(got):,} rows read; "
        "get the whole file again"
    )


@every_kind
def test_damage_within_a_file_gives_the_rows_before_it(tmp_path, suffix):
    data = PACK[suffix](CSV_ROWS.encode())
    middle = len(data) // 2
    damaged = data[:middle] + bytes(64) + data[middle + 64 :]
    reader = read_catalog(
        str(write_file(tmp_path, "shop.csv", damaged)), CatalogSettings(), lambda reject: None
    )
    with pytest.raises(InputError, match="incomplete: the .* data (are damaged|end too soon)"):
        list(reader)
    assert reader.counts.n_rows > 1_000


@every_kind
def test_file_that_is_not_what_its_name_says_is_named(tmp_path, suffix):
    path = write_file(tmp_path, f"shop.csv{suffix}", CSV_ROWS)
    kind = KINDS[suffix].name
    with pytest.raises(InputError, match=f"it is not {kind} although its name ends in {suffix}"):
        read_whole(path)


def test_file_of_a_parallel_zstd_begins_with_a_frame_to_skip(tmp_path):
    skipped = b"\x50\x2a\x4d\x18\x04\x00\x00\x00\x2a\x00\x00\x00"
    path = write_file(tmp_path, "a.zst", skipped + zstd.compress(CSV_ROWS.encode()))
    assert len(read_whole(path).rows) == 20_000


def test_text_that_begins_like_a_magic_number_is_text():
    assert compression_of(b"BZh,title\n") is None
    assert compression_of(b"PK-1,title\n") is None


@every_kind
def test_bomb_stops_at_the_limit_with_the_rows_before_it(tmp_path, suffix):
    text = b"id,title\n1,a\n2,b\n" + b"3,xxxxxxxxxxxx\n" * 1_000_000
    path = write_file(tmp_path, f"a.csv{suffix}", PACK[suffix](text))
    got = []
    with pytest.raises(InputError) as error:
        got.extend(read_catalog(str(path), CatalogSettings(max_decompressed=100_000), print))
    assert 5_000 < len(got) < 100_000 / 14
    size = path.stat().st_size
    message = str(error.value)
    assert message.startswith(f"{path}: incomplete: {min(size, 1 << 16):,} bytes gave 1")
    assert " when decompressed, more than the limit of 100,000; " in message
    assert message.endswith("allow more: --max-decompressed BYTES")


def test_bomb_is_known_by_its_ratio_once_it_is_large(monkeypatch):
    data = gzip.compress(bytes(10_000_000))  # 1,000 to 1
    assert sum(map(len, decompress([data], KINDS[".gz"]))) == 10_000_000
    monkeypatch.setattr("xmlrec.catalog.compression._FREE_BYTES", 1_000_000)
    with pytest.raises(Damage, match="1,000,000 and more than 200 times as many"):
        list(decompress([data], KINDS[".gz"]))


def test_text_that_repeats_itself_as_catalogs_do_is_no_bomb(monkeypatch):
    monkeypatch.setattr("xmlrec.catalog.compression._FREE_BYTES", 1_000_000)
    text = "".join(f'{{"id":"{n}","title":"cordless kettle 1.7 L"}}\n' for n in range(100_000))
    for suffix, pack in PACK.items():
        data = pack(text.encode())
        assert sum(map(len, decompress([data], KINDS[suffix]))) == len(text)


@pytest.mark.parametrize("limit", [0, -1])
def test_limit_below_one_byte_is_refused(limit):
    with pytest.raises(InputError, match="--max-decompressed: .* is less than one byte"):
        CatalogSettings(max_decompressed=limit)
