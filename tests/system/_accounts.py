"""A catalog's server with accounts, whose keys may do no more than their scopes say."""

from __future__ import annotations

import contextlib
import secrets
import socket
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from tiled.access_control.protocols import AccessPolicy
from tiled.config import Database

from id3c_data.catalog._app import app_of, embedded_config, initialize_catalog

__all__ = ["Accounts", "server_with_accounts"]

_LOGIN = {"username": "alice", "password": "secret"}


class Policy(AccessPolicy):
    """Lets everybody do what his key may, but for what is forbidden at this moment."""

    def __init__(self) -> None:
        self.forbidden: frozenset[str] = frozenset()

    async def init_node(self, *_: Any, access_tags: Any = None) -> Any:
        return False, access_tags or frozenset()

    async def allowed_scopes(self, _node: Any, _principal: Any, _tags: Any, scopes: Any) -> Any:
        return set(scopes) - self.forbidden

    async def filters(self, *_: Any) -> Any:
        return []


class Accounts:
    """A server with accounts, and what it forbids.

    Attributes
    ----------
    uri
        Of the server.
    policy
        Whose ``forbidden`` scopes nobody has.
    """

    def __init__(self, uri: str, policy: Policy) -> None:
        self.uri, self.policy = uri, policy

    def key(self, *scopes: str) -> str:
        """Return an API key with scopes; ``inherit`` stands for all that its owner has."""
        with httpx.Client(base_url=self.uri, trust_env=False, timeout=60) as client:
            token = client.post("auth/provider/toy/token", data=_LOGIN).json()["access_token"]
            client.cookies.clear()
            return client.post(
                "auth/apikey",
                json={"scopes": list(scopes), "expires_in": 600},
                headers={"Authorization": f"Bearer {token}"},
            ).json()["secret"]


@contextlib.contextmanager
def server_with_accounts(folder: Path, readable: Path) -> Iterator[Accounts]:
    """Run a server in a thread.

    Parameters
    ----------
    folder
        Holds its catalog and its accounts.
    readable
        Where detector files are.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # alembic's, of Tiled's own settings
        initialize_catalog(folder / "catalog.db")
    config = embedded_config(folder, [str(readable)], secrets.token_hex(16))
    config.authentication = type(config.authentication).model_validate(
        {
            "providers": [
                {
                    "provider": "toy",
                    "authenticator": "tiled.authenticators:DictionaryAuthenticator",
                    "args": {"users_to_passwords": {_LOGIN["username"]: _LOGIN["password"]}},
                }
            ],
            "secret_keys": [secrets.token_hex(16)],
            "tiled_admins": [{"provider": "toy", "id": _LOGIN["username"]}],  # others may not register files
        }
    )
    # a file: databases in memory are one for all servers of a process
    database = {"uri": f"sqlite:///{folder / 'accounts.db'}", "init_if_not_exists": True}
    config.database = Database.model_validate(database)
    config.access_policy = policy = Policy()
    server = uvicorn.Server(uvicorn.Config(app_of(config), log_level="error", loop="asyncio"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield Accounts(f"http://127.0.0.1:{listener.getsockname()[1]}/api/v1", policy)
        finally:
            server.should_exit = True
            thread.join(30)
