import re


def test_version_is_three_numbers(xmlrec):
    result = xmlrec("--version")
    assert result.code == 0
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", result.out)
