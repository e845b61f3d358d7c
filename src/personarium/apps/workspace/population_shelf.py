"""The populations of a workspace: files in one folder, looked up by name."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from personarium.apps.workspace.names import check_title
from personarium.core.errors import NotFound, PersonariumError
from personarium.core.population import Population

ENDINGS = (".parquet", ".csv", ".jsonl")


@dataclass(frozen=True, slots=True)
class PopulationRow:
    """One population in a list.

    Args:
        name: Its name.
        members: How many.
        columns: How many, without what a person does not see.
        problem: Why it cannot be read; empty when it can.
    """

    name: str
    members: int = 0
    columns: int = 0
    problem: str = ""


class PopulationShelf:
    """A folder of populations; the last one that was looked at stays in memory. Any number of threads may use it.

    Args:
        folder: The folder; made when the first population is put in.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._held: tuple[Path, int, Population] | None = None

    def names(self) -> list[str]:
        """Every population's name, sorted: its file name without ending."""
        return sorted(self._files())

    def rows(self) -> list[PopulationRow]:
        """Every population in a line, sorted by name; of a Parquet file only what stands at its end is read."""
        return [self._row(name) for name in self.names()]

    def path(self, name: str) -> Path:
        """The file of the population of this name; raises NotFound when there is none."""
        return self._file(name)

    def get(self, name: str) -> Population:
        """The population of this name.

        Raises:
            NotFound: When there is none.
            InvalidInput: When its file is damaged.
        """
        path = self._file(name)
        changed = path.stat().st_mtime_ns
        with self._lock:
            if self._held is None or self._held[:2] != (path, changed):
                self._held = (path, changed, Population.load(path))
            return self._held[2]

    def put(self, name: str, population: Population) -> Path:
        """Keep a population under a name, in place of another of this name.

        Raises:
            InvalidInput: When the name holds what no file name should.
            StorageError: When the disk refuses.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        path = population.save(self.folder / f"{check_title(name, 'population')}.parquet")
        for ending in ENDINGS[1:]:
            path.with_suffix(ending).unlink(missing_ok=True)
        return path

    def remove(self, name: str) -> None:
        """Take a population out, with what is kept beside it; raises NotFound when there is none."""
        path = self._file(name)
        path.unlink()
        path.with_name(f"{path.name}.schema.json").unlink(missing_ok=True)

    def _row(self, name: str) -> PopulationRow:
        import polars as pl

        try:
            path = self._file(name)
            if path.suffix == ".parquet":
                columns, members = list(pl.read_parquet_schema(path)), _height(path)
            else:
                frame = self.get(name).frame
                columns, members = frame.columns, frame.height
        except PersonariumError as error:
            return PopulationRow(name, problem=str(error))
        except (pl.exceptions.PolarsError, OSError) as error:
            return PopulationRow(name, problem=f"{path.name}: it cannot be read ({str(error).splitlines()[0]})")
        return PopulationRow(name, members, sum(not column.startswith("_") for column in columns))

    def _files(self) -> dict[str, Path]:
        if not self.folder.is_dir():
            return {}
        found = [p for p in sorted(self.folder.iterdir()) if p.suffix in ENDINGS and not p.name.startswith(".")]
        return {path.stem: path for path in reversed(found)}

    def _file(self, name: str) -> Path:
        found = self._files().get(name)
        if found is None:
            raise NotFound(f"there is no population '{name}' here")
        return found


def _height(path: Path) -> int:
    import polars as pl

    return int(pl.scan_parquet(path).select(pl.len()).collect().item())
