"""A part of an archive is what was named, what it needs and what hangs on it."""

import pytest

from querysafe.backup.errors import RestoreRefused
from querysafe.backup.logical.selection import choose, read

LISTING = """;
; Selected TOC Entries:
;
90; 0 0 ENCODING - ENCODING
8; 2615 17118 SCHEMA - my shop owner
2; 3079 16932 EXTENSION - citext
96; 0 0 COMMENT - EXTENSION citext
;	depends on: 2
9; 1247 17129 TYPE my shop size owner
;	depends on: 8
10; 1255 17129 FUNCTION public refuse() owner
20; 1259 17145 TABLE my shop shoe owner
;	depends on: 9 8 2
21; 1259 17144 SEQUENCE my shop shoe_id_seq owner
;	depends on: 20 8
22; 1259 17144 TABLE public customer owner
40; 0 17145 TABLE DATA my shop shoe owner
;	depends on: 20
41; 0 17145 TABLE DATA public customer owner
;	depends on: 22
42; 0 0 SEQUENCE SET my shop shoe_id_seq owner
;	depends on: 21
50; 2606 1 CONSTRAINT my shop shoe shoe_pkey owner
;	depends on: 20
51; 2606 2 FK CONSTRAINT my shop shoe shoe_customer_fkey owner
;	depends on: 50 20 22
52; 2620 3 TRIGGER my shop shoe no_more owner
;	depends on: 10 20
"""


def test_an_entry_has_its_kind_its_name_and_what_it_needs() -> None:
    table = next(each for each in read(LISTING) if each.id == 20)
    assert (table.kind, table.named, table.needs) == ("TABLE", "my shop shoe owner", (9, 8, 2))


def test_a_table_comes_with_its_type_rows_keys_and_triggers() -> None:
    assert set(choose(read(LISTING), (), ["my shop.shoe"])) == {
        *(90, 8, 2, 96, 9, 10, 20, 21, 40, 42, 50, 52)
    }


def test_a_foreign_key_comes_when_both_of_its_tables_do() -> None:
    assert 51 not in choose(read(LISTING), (), ["customer"])
    assert 51 in choose(read(LISTING), (), ["customer", "my shop.shoe"])


def test_a_schema_comes_whole_and_alone() -> None:
    chosen = choose(read(LISTING), ["my shop"], ())
    assert {8, 9, 20, 21, 40, 42, 50} < set(chosen)
    assert not {22, 41, 51} & set(chosen)


def test_entries_stay_in_the_order_of_the_archive() -> None:
    chosen = choose(read(LISTING), ["my shop"], ["customer"])
    order = [each.id for each in read(LISTING)]
    assert list(chosen) == sorted(chosen, key=order.index)


@pytest.mark.parametrize(("schemas", "tables"), [(["none"], ()), ((), ["none"]), ((), ["my.shoe"])])
def test_what_the_archive_does_not_hold_is_refused(
    schemas: tuple[str, ...], tables: tuple[str, ...]
) -> None:
    with pytest.raises(RestoreRefused, match="the backup has no"):
        choose(read(LISTING), schemas, tables)
