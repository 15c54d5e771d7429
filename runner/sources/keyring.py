"""`--secrets keyring:SERVICE`: the keyring of the operating system. The only importer of keyring (extra `keyring`)."""

from __future__ import annotations

from typing import Any

from ..model.errors import RunflowError

SERVICE = "runflow"


class Keyring:
    """One service of the keyring: `keyring set runflow API_PASSWORD` puts a secret there.

    Args:
        argument: The name of the service; `runflow` if it is empty.
    """

    def __init__(self, argument: str = "") -> None:
        try:
            # an extra
            import keyring  # noqa: PLC0415  # see above
        except ImportError:
            raise RunflowError("`keyring` is not installed", hint="pip install 'runflow-http[keyring]'") from None
        self._keyring: Any = keyring
        self._service = argument or SERVICE

    def get(self, name: str, /) -> str | None:
        """The password of that name, or None. Raises RunflowError if there is no keyring, or it is locked."""
        try:
            value: str | None = self._keyring.get_password(self._service, name)
        except self._keyring.errors.KeyringError as error:
            hint = "unlock the keyring, or use --secrets-file or an environment variable"
            raise RunflowError(" ".join(str(error).split()) or type(error).__name__, hint=hint) from None
        return value
