"""Where a run of a catalog stands."""

from __future__ import annotations

import logging
import threading
import time
import weakref
from typing import Final

from tiled.client.container import Container

from ..documents import RunState
from ..errors import CatalogError, Id3cDataError
from ..h5api import ScanPhase
from ..paths import PathMapLike
from ._pushes import PUSHED_PERIOD_S, Pushes
from ._run_documents import CatalogDocuments
from ._translate import translated
from ._transport import bound_patience, own_connection

__all__ = ["CatalogRunState"]

logger = logging.getLogger(__name__)

POLL_PERIOD_S: Final = 1.0
"""How often a server is asked that does not push. A question takes it some 40 ms."""
SOON_S: Final = 0.2
"""When it is asked again where images are there and their event is not."""
PATIENCE_S: Final = 60.0
"""How long a server may give no answer until those who wait are told."""


class CatalogRunState(RunState):
    """Where a run in a Tiled catalog stands: a `RunState` that feeds itself, from a thread of its own.

    PREPARED is the stream's descriptor, FINISHED the stop document. Where the server streams it pushes that
    something changed, over a websocket; where it does not, it is asked once a second. A server that gives no
    answer is asked again and again; that is logged at once, and raised to those who ask or wait after
    ``patience`` seconds, until it answers again.

    Parameters
    ----------
    run
        The run's client, from `id3c_data.connect` or from Tiled's own ``from_uri``.
    stream, path_map
        See `RunState`.
    patience
        Seconds.

    Raises
    ------
    CatalogError
        It is no run; or the server does not answer now.
    """

    def __init__(
        self,
        run: Container,
        stream: str = "primary",
        *,
        path_map: PathMapLike = None,
        patience: float = PATIENCE_S,
    ) -> None:
        super().__init__(stream, path_map=path_map)
        if "start" not in run.metadata:
            raise CatalogError("is no run", where=str(run.uri), next_step="give one of its runs, as cat[-1]")
        self._feeder = _Feeder(self, run, patience)
        self._feeder.start()

    @property
    def pushed(self) -> bool:
        """Whether the server pushes at this moment."""
        return self._feeder.pushes.active

    def close(self) -> None:
        """Ask the server no more."""
        self._feeder.close()


class _Feeder:
    """Asks the server, and tells the state; ends with the run, or when nobody has the state any more."""

    def __init__(self, state: CatalogRunState, run: Container, patience: float) -> None:
        self._state, self._patience = weakref.ref(state), patience
        self._where = str(run.uri)
        with translated(self._where):
            own = own_connection(run)
        bound_patience(own.context)
        self._documents = CatalogDocuments(own, state.stream)
        self._wake, self._closed = threading.Event(), False
        self.pushes = Pushes(own.context, self._wake.set)
        self._silent_since: float | None = None

    def start(self) -> None:
        """Ask once, then from a thread."""
        if not self._look():
            threading.Thread(target=self._work, name=f"state of {self._where}", daemon=True).start()

    def close(self) -> None:
        """End the thread."""
        self._closed = True
        self._wake.set()

    def _work(self) -> None:
        try:
            while not self._closed:
                self.pushes.listen(self._documents.deepest)
                self._wake.wait(self._pause)
                self._wake.clear()
                try:
                    if self._closed or self._look():
                        return
                except CatalogError as error:
                    self._note_silence(error)
                except Id3cDataError as error:  # what the catalog holds makes no run
                    self._tell(error)
                    return
                except (
                    KeyError,
                    TypeError,
                    ValueError,
                ) as error:  # of a proxy
                    self._note_silence(_nonsense(error, self._where))
        finally:
            self.pushes.close()

    @property
    def _pause(self) -> float:
        """Seconds until the next question, unless the server pushes."""
        if self._documents.behind:
            return SOON_S
        return PUSHED_PERIOD_S if self.pushes.active else POLL_PERIOD_S

    def _look(self) -> bool:
        """Tell the state what is new; say whether there is nothing more to tell."""
        with translated(self._where):
            for name, doc in self._documents.new():
                state = self._state()
                if state is None:
                    return True
                state(name, doc)
        state = self._state()
        if self._silent_since is not None and state is not None:
            self._silent_since = None
            state.trouble(None)
            logger.warning("%s: the catalog's server answers again", self._where)
        return state is None or state.phase is ScanPhase.FINISHED

    def _note_silence(self, error: CatalogError) -> None:
        """Log that there is no answer, once, and raise it to those who wait when it lasts."""
        now = time.monotonic()
        if self._silent_since is None:
            self._silent_since = now
            logger.warning("%s; asking again every %g s", error, POLL_PERIOD_S)
        if now - self._silent_since >= self._patience:
            self._tell(error)

    def _tell(self, error: Id3cDataError) -> None:
        if (state := self._state()) is not None:
            state.trouble(error)


def _nonsense(error: Exception, where: str) -> CatalogError:
    return CatalogError(
        f"the answer of the catalog's server makes no sense ({type(error).__name__}: {error})",
        where=where,
        next_step="see whether a proxy answers in its place",
    )
