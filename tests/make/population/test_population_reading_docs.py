"""The schema of the docs is one, and makes people."""

from __future__ import annotations

from pathlib import Path

from personarium.make.population import Generator, load_schema

PAGE = Path(__file__).resolve().parents[3] / "docs" / "making.md"


def test_the_schema_of_the_docs_makes_a_crew(tmp_path: Path) -> None:
    path = tmp_path / "crew.yaml"
    path.write_text(
        PAGE.read_text(encoding="utf-8").split('```yaml title="crew.yaml"\n')[1].split("```")[0], encoding="utf-8"
    )
    schema = load_schema(path)
    frame = Generator(schema, 40, seed=1).chunk(0, 40).frame
    assert frame["job"].value_counts().sort("job").rows() == [("cook", 10), ("medic", 10), ("pilot", 20)]
    assert all(age >= years + 16 for age, years in zip(frame["age"], frame["years_at_sea"], strict=True))
    assert [field.path for field in schema.by_model] == ["motto"]
