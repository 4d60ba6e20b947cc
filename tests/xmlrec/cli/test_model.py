import json

from tests.xmlrec.models.shop import fit_shop
from xmlrec.models import model_digest


def test_info_prints_one_value_a_line(xmlrec, model):
    result = xmlrec("info", model)

    assert (result.code, result.err) == (0, "")
    values = dict(line.split(maxsplit=1) for line in result.lines)
    assert values["data.n_items"] == "36"
    assert values["settings.text"] == "title, description"
    assert values["digest"] == model_digest(model)


def test_info_prints_json(xmlrec, model):
    result = xmlrec("info", model, "--json")

    info = json.loads(result.out)
    assert info["data"]["n_categories"] == 12
    assert info["data"]["n_categories_with_items"] == 6
    assert info["digest"] == model_digest(model)
    assert info["bytes"] > 10_000


def test_info_does_not_read_names_as_markup(xmlrec, tmp_path):
    fit_shop(text=("title", "[/red]")).save(tmp_path / "m")

    assert "title, [/red]" in xmlrec("info", tmp_path / "m").out


def test_verify_says_that_all_is_well(xmlrec, model):
    result = xmlrec("verify", model)

    assert result.code == 0
    assert "every digest matches" in result.out
