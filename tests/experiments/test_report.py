"""report.py's page: what is on it, what is escaped, what it may load, what a run may lack, what is refused."""

import base64
import hashlib
import math
import re

import numpy as np
import pytest
import report
import train
from pages import page_of, run_in
from recorded import to_dict

from ganjax.io import save_png, write_json

HOSTILE = "</script><script>document.title='broken'</script><img src=x onerror=\"alert('x')\">"


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return page_of(run_in(tmp_path_factory.mktemp("runs") / "plain"))


def test_every_section_is_there_and_in_the_menu(plain):
    names = ["overview", "samples", "interpolation", "curves", "numbers", "settings"]
    assert [element["id"] for element in plain.all("section")] == names
    assert [element["href"] for element in plain.all("a")] == ["#main", *(f"#{name}" for name in names)]
    assert plain.one("h1")["text"] == "plain"
    assert "finished" in plain.section("overview")
    assert "1.5 min 2.5 steps/s" in plain.section("overview")


def test_the_page_asks_nothing_of_any_network(plain):
    for element in plain.elements:
        for name in ("src", "href", "action", "srcset", "poster", "data"):
            address = element.get(name, "")
            assert address == "" or address.startswith(("data:", "#")), (element["tag"], address)
    assert not re.search(r"url\(|@import|https?:(?!//www\.w3\.org/2000/svg)", plain.source)


def test_the_policy_allows_the_pages_own_style_and_script_by_their_hashes(plain):
    policy = dict(
        part.split(" ", 1)
        for part in plain.one("meta", **{"http-equiv": "Content-Security-Policy"})["content"].split("; ")
    )
    digest = lambda text: base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()  # noqa: E731
    (style,), (script,) = plain.all("style"), [e for e in plain.all("script") if "type" not in e]
    assert policy == {
        "default-src": "'none'",
        "style-src": f"'sha256-{digest(style['text'])}'",
        "script-src": f"'sha256-{digest(script['text'])}'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert not [name for element in plain.elements for name in element if name.startswith("on") or name == "style"]


def test_names_refer_to_what_is_there(plain):
    ids = [element["id"] for element in plain.elements if "id" in element]
    assert len(set(ids)) == len(ids)
    for element in plain.elements:
        wanted = [element.get("for"), element.get("aria-labelledby"), element.get("href", "").removeprefix("#")]
        for name in wanted if element["tag"] != "link" else ():
            assert not name or name in ids, (element["tag"], name)


def test_every_picture_says_what_it_shows(plain):
    assert [image["alt"] for image in plain.all("img")] == [
        f"Samples of plain at step {step}" for step in (0, 100, 200)
    ]
    assert ["hidden" in image for image in plain.all("img")] == [True, True, False]
    assert all(button["text"].strip() for button in plain.all("button"))


def test_what_runs_and_configs_are_called_cannot_break_out(tmp_path):
    values = to_dict(train.parse(["ring"]))
    values["data"] |= {"name": HOSTILE, "dir": HOSTILE}
    folder = tmp_path / "<b>&\"'<script>alert(1)<"
    rows = {100: {"disc_loss": 1.0, f"eval/{HOSTILE}": 2.0, f"eval/frechet_distance[{HOSTILE}]": 3.0}}
    run_in(folder, values=values, rows=rows)
    write_json(
        folder / "evaluation.json",
        {"step": 1, f"precision[{HOSTILE}]": 0.5, HOSTILE: 1.0, "protocols": {HOSTILE: HOSTILE}},
    )
    save_png(folder / "<img src=x onerror=alert(2)>.png", np.zeros((9, 9, 1), np.uint8))
    for folders in ((folder,), (folder, run_in(tmp_path / "other"))):
        page = page_of(*folders)
        assert len(page.all("script")) == 2
        assert len(page.all("title")) == 1
        assert not page.all("b", text="&\"'")
        assert not [name for element in page.elements for name in element if name.startswith("on")]
        assert all(image["src"].startswith("data:image/webp;base64,") for image in page.all("img"))
        assert HOSTILE in page.section("settings")
        assert HOSTILE in page.section("numbers")
        assert any(HOSTILE in f"{panel['title']}[{panel['of']}]" for panel in page.data["panels"])
        assert "</script>" not in page.one("script", id="data")["text"]


# ---------------------------------------------------------------- what a run may lack


def test_a_run_that_has_just_begun(tmp_path):
    write_json(tmp_path / "config.json", to_dict(train.parse(["ring"])))
    page = page_of(tmp_path)
    assert "unfinished 0 of 10\u202f000 steps" in page.section("overview")
    assert "no pictures of samples yet" in page.section("samples")
    assert "No metrics yet" in page.section("curves")
    assert "Not judged yet" in page.section("numbers")
    assert "No interpolation: " in page.section("interpolation")
    assert page.data["panels"] == []


def test_a_last_line_that_was_cut_short_and_numbers_that_are_none(tmp_path):
    run_in(tmp_path, rows={1: {"disc_loss": 1.0}, 2: {"disc_loss": math.nan}, 3: {"disc_loss": -math.inf}}, final=False)
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"step": 4, "disc_loss": "high", "gen_loss": true, "real_score": [1]}\n{"step": 5, "disc_')
    page = page_of(tmp_path)
    (panel,) = page.data["panels"]
    assert panel["title"] == "loss"
    assert [(curve["steps"], curve["values"]) for curve in panel["curves"]] == [([1, 2, 3], [1.0, None, None])]
    assert "disc_loss −∞ 1 at step 1 1 at step 1 2" in page.section("curves")


def test_a_line_of_metrics_in_the_middle_that_is_none(tmp_path, capsys):
    (run_in(tmp_path) / "metrics.jsonl").write_text('{"step": 1}\nnonsense\n{"step": 2}\n')
    assert report.entry([str(tmp_path)]) == 2
    assert "Line 2 of " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("losses", "final", "words"),
    [
        ((1.0, 2.0), True, "finished 200 of 200 steps"),
        ((1.0, 2.0), False, "unfinished 200 of 200 steps"),
        ((1.0, math.nan), True, "diverged 200 of 200 steps"),
        ((math.inf, 2.0), True, "finished 200 of 200 steps"),
    ],
)
def test_how_a_run_stands(tmp_path, losses, final, words):
    rows = {100: {"gen_loss": losses[0]}, 150: {"gen_loss": losses[1]}, 160: {"eval/modes_found": 3.0}}
    assert words in page_of(run_in(tmp_path, rows=rows, final=final)).section("overview")


def test_files_that_are_damaged_are_said_and_left_out(tmp_path):
    run_in(tmp_path)
    (tmp_path / "evaluation.json").write_text("{")
    (tmp_path / "final.json").write_text("[1]")
    (tmp_path / "codes.png").write_bytes(b"not a picture")
    whole = (tmp_path / "samples" / "step_00000100.png").read_bytes()
    (tmp_path / "samples" / "step_00000100.png").write_bytes(whole[: len(whole) // 2])
    page = page_of(tmp_path)
    for name in ("final", "evaluation"):
        assert f"{name}.json can't be read and is left out." in page.section("overview")
    assert "Pictures of samples that can't be read: 1." in page.section("overview")
    assert "codes.png can’t be read as a picture" in page.section("pictures")
    assert [image["data-step"] for image in page.all("img")] == ["0", "200"]


def test_a_config_of_another_version_is_shown_as_it_stands(tmp_path):
    page = page_of(run_in(tmp_path, values={"num_steps": 200, "flux": {"capacitor": 88}}))
    assert "config.json is not of this version of ganjax" in page.section("overview")
    assert "nearest to the preset" not in page.section("overview")
    assert "flux capacitor 88" in page.section("settings")


@pytest.mark.parametrize("case", ["no folder", "no run", "twice", "too many", "nothing", "rows", "output"])
def test_what_can_t_be_shown_is_one_line_and_code_2(tmp_path, capsys, case):
    run = str(run_in(tmp_path / "run"))
    (tmp_path / "empty").mkdir()
    arguments, words = {
        "no folder": ([str(tmp_path / "none")], "There is no folder"),
        "no run": ([str(tmp_path / "empty")], "no config.json"),
        "twice": ([run, f"{run}/../run"], "more than once"),
        "too many": ([str(i) for i in range(9)], "at most 8 runs on a page, got 9"),
        "nothing": ([], "got none"),
        "rows": ([run, "--interpolate", "-1"], "Expected interpolate >= 1 and <= 1000, got -1"),
        "output": ([run, "--output", str(tmp_path)], "Give another --output"),
    }[case]
    assert report.entry(arguments) == 2
    told = capsys.readouterr().err
    assert re.search(words, told)
    assert told.count("\n") == 1
    assert not (tmp_path / "run" / "report.html").exists()


def test_where_the_page_goes_and_that_nothing_else_is_written(tmp_path, monkeypatch):
    folders = [run_in(tmp_path / name) for name in ("a", "b")]
    before = set(tmp_path.rglob("*"))
    assert report.main(report.Options((folders[0],), interpolate=0)) == folders[0] / "report.html"
    monkeypatch.chdir(tmp_path)
    report.main(report.Options((*folders,), interpolate=0))
    assert set(tmp_path.rglob("*")) - before == {folders[0] / "report.html", tmp_path / "report.html"}


# ---------------------------------------------------------------- several runs


def test_several_runs_stand_side_by_side(tmp_path):
    one = run_in(tmp_path / "x" / "run", "ring", "--num-steps", "200")
    other = run_in(tmp_path / "y" / "run", "ring", "--num-steps", "300", "--seed", "1", frames=(0, 150), final=False)
    for folder, kl in ((one, 0.5), (other, 0.25)):
        write_json(
            folder / "evaluation.json", {"step": 200, "num_samples": 2500.0, "reverse_kl": kl, "modes_found": 8.0}
        )
    page = page_of(one, other)
    assert page.data["runs"] == ["x/run", "y/run"]
    assert page.one("h1")["text"] == "2 runs compared"
    panels = {panel["title"]: panel["curves"] for panel in page.data["panels"]}
    assert [(curve["run"], curve["label"], curve["color"]) for curve in panels["disc_loss"]] == [
        (0, "x/run", 0),
        (1, "y/run", 1),
    ]
    slider = page.one("input", id="slider")
    assert (slider["max"], slider["value"], slider["aria-valuetext"]) == ("3", "3", "step 200")
    marked = {row["text"].split()[0] for row in page.all("tr", **{"class": "differs"})}
    assert marked == {"num_steps", "seed"}
    best = [cell["text"].split() for cell in page.all("td", **{"class": "number best"})]
    assert best == [["0.25", "best"], ["0.25", "best"]]  # in the overview and in the table; 8 modes are no difference


def test_runs_that_were_not_judged_alike_are_said_to_be(tmp_path):
    folders = [run_in(tmp_path / name) for name in "ab"]
    for folder, num in zip(folders, (2500.0, 10000.0), strict=True):
        write_json(folder / "evaluation.json", {"step": 200, "num_samples": num, "reverse_kl": 0.5})
    assert "Not judged alike: num_samples 2\u202f500, 10\u202f000." in page_of(*folders).section("numbers")
    write_json(folders[1] / "evaluation.json", {"step": 200, "num_samples": 2500.0, "reverse_kl": 0.5})
    assert "Not judged alike" not in page_of(*folders).section("numbers")
