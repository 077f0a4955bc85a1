"""A process that looks at files for this one: a dead file server may keep it, a damaged file end it."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import threading
from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import ParamSpec, TypeVar

from .._own_python import command, environment
from ..errors import Hdf5Error

__all__ = ["Looker"]

_START_S = 30.0  # for a new Python on a busy machine

P = ParamSpec("P")
T = TypeVar("T")


class Looker:
    """Calls functions in a process of its own, each within a time.

    A thread would not do: h5py holds Python's lock while it reads, and what waits for a dead file server
    cannot be ended. A process that does not answer is killed and left behind, and the next question goes to a
    new one.

    Parameters
    ----------
    patience_s
        Longest that an answer may take where `ask` is not told otherwise.
    """

    def __init__(self, patience_s: float) -> None:
        self.patience_s = patience_s
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None

    def ask(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what a function of a module returns, or raise what it raises; see `ask_within`."""
        return self.ask_within(self.patience_s, function, *args, **kwargs)

    def ask_within(self, seconds: float, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what a function of a module returns, or raise what it raises.

        Parameters
        ----------
        seconds
            How long to wait.
        function, args, kwargs
            What is called; all of it is pickled.

        Raises
        ------
        TimeoutError
            There was no answer by then.
        Hdf5Error
            The function ended its process, as HDF5 can on a damaged file.
        """
        connection = self._ready()
        try:
            connection.send((function, args, kwargs))
            if not connection.poll(seconds):
                self.close()
                raise TimeoutError(f"no answer within {seconds:g} s")
            answer, error = connection.recv()
        except (EOFError, OSError) as broken:
            if isinstance(broken, TimeoutError):
                raise
            raise self._ended() from broken
        if error is not None:
            raise error
        return answer

    def interrupt(self, seconds: float) -> bool:
        """End the process as Ctrl-C does; say whether it ended by itself, with its things in order.

        Parameters
        ----------
        seconds
            How long it may take to clean up; then it is killed.
        """
        process, ended = self._process, True
        if process is not None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                ended = False
        self.close()
        return ended

    def close(self) -> None:
        """End the process; nothing waits for one that cannot be ended."""
        if self._process is not None:
            self._process.kill()
            threading.Thread(target=self._process.wait, daemon=True).start()  # it may take for ever
            self._process = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __enter__(self) -> Looker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ready(self) -> Connection:
        """Return the connection to a process that answers."""
        if self._connection is not None and self._process is not None and self._process.poll() is None:
            return self._connection
        self.close()  # one that ended since the last question was not ended by this one
        ours, theirs = Pipe()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own module
                command(f"{__package__}._looker_child", str(theirs.fileno())),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment(),
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C is for this process, which then ends that one
            )
        self._connection = ours
        try:
            if not ours.poll(_START_S) or ours.recv() != "ready":
                raise EOFError
        except (EOFError, OSError) as error:
            raise self._ended() from error
        return ours

    def _ended(self) -> Hdf5Error:
        """Return the error that the process has ended in the middle of a question."""
        process, code = self._process, None
        if process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = process.wait(1.0)
        self.close()
        if code in (-signal.SIGKILL, -signal.SIGTERM):
            return Hdf5Error(
                f"the process that read it was ended by {signal.Signals(-code).name}",
                next_step="read it again; if that happens again, see whether this machine runs out of memory",
            )
        how = "without a word" if code is None else f"with exit code {code}"
        if code is not None and code < 0:
            how = f"with {signal.Signals(-code).name}"
        return Hdf5Error(
            f"the process that read it ended {how}: the file is damaged in a way that HDF5 does not survive",
            next_step="copy the file again from where it was written, or leave it out",
        )
