"""Who is logged in: one live token per MAC, as genuine portals and panels keep it."""

from dataclasses import dataclass
from hashlib import md5
from typing import Any, Final

from app.simulator.behaviour import Account, Behaviour
from app.simulator.stalker.profile import StalkerProfile
from app.simulator.stats import Stats
from app.simulator.wire import Call, parse_cookies

GENUINE_PREFIX: Final = "00:1A:79:"
STOLEN: Final = "another session"
CONFLICT: Final = {
    "status": 1,
    "msg": "device conflict - device_id mismatch",
    "block_msg": "Device conflict.<br/> Call your provider.",
}
BLOCKED: Final = {"status": 1, "msg": "access denied", "block_msg": "Your STB is blocked.<br/> Call the provider."}


@dataclass(slots=True, kw_only=True)
class User:
    """What the portal remembers of one MAC. `token` None = any token passes (stock, before a token was stored)."""

    account: Account
    token: str | None = None
    known: bool = False  # get_profile was called
    authorised: bool = False  # do_auth was passed
    device_id: str = ""
    serial: str = ""
    calls: int = 0


def mac_of(call: Call) -> str:
    """The MAC of the cookie, upper-case as the server compares it; `""` without one."""
    return parse_cookies(call.headers.get(b"cookie", b"")).get("mac", "").strip().upper()


def token_of(call: Call) -> str | None:
    """The bearer token; None without an Authorization header."""
    header = call.headers.get(b"authorization")
    return None if header is None else header.decode("latin-1").removeprefix("Bearer ").strip()


class Sessions:
    """Knows all MACs that ever came."""

    def __init__(self, profile: StalkerProfile, behaviour: Behaviour, stats: Stats) -> None:
        self._profile = profile
        self._stats = stats
        self._accounts = {account.mac.upper(): account for account in behaviour.accounts}
        self._users: dict[str, User] = {}
        self._lifetime = behaviour.lose_session_after
        self._require_serial = behaviour.require_serial
        self._validate = behaviour.mac_validation
        self._issued = 0

    def adapt(self, behaviour: Behaviour, stats: Stats) -> None:
        """Takes changed switches; sessions live on."""
        self._stats = stats
        self._accounts = {account.mac.upper(): account for account in behaviour.accounts}
        for mac, user in self._users.items():
            user.account = self._accounts.get(mac, Account(mac=mac))
        self._lifetime = behaviour.lose_session_after
        self._require_serial = behaviour.require_serial
        self._validate = behaviour.mac_validation

    def user(self, mac: str) -> User | None:
        """The user behind a MAC; unknown ones are let in only when no accounts were configured."""
        found = self._users.get(mac)
        if found is None and mac and (not self._accounts or mac in self._accounts):
            found = User(account=self._accounts.get(mac, Account(mac=mac)))
            self._users[mac] = found
        return found

    def handshake(self, call: Call) -> dict[str, Any]:
        """Stock: idempotent, stores nothing. Panel: every call makes a new token and kills the old one."""
        self._stats.handshakes += 1
        user = self.user(mac_of(call))
        if self._profile.tokens != "rotating":
            presented = call.params.get("token") or token_of(call)
            same = user is not None and presented and presented == user.token
            return {"token": presented if same else self._new_token(), "random": self._new_token().lower()}
        if user is None:
            return {"token": None}
        user.token = self._new_token() * 3
        user.calls = 0
        return {"token": user.token}

    def profile(self, call: Call) -> tuple[dict[str, Any] | None, User | None]:
        """What get_profile answers besides the full profile; (None, user) when the full one is due."""
        mac = mac_of(call)
        if self._validate and not mac.startswith(GENUINE_PREFIX):
            return {"status": 1}, None
        user = self.user(mac)
        if user is None:
            return {"status": 1, "msg": "access denied"}, None
        if user.account.status == "conflict" or self._moved(user, call):
            return CONFLICT, None
        if user.account.login_required and not user.authorised:
            return {"status": 2, "template": "default", "info": "Please log in"}, None
        if self._profile.tokens == "adopted":
            user.token = token_of(call) or None
            user.calls = 0
        elif self._profile.tokens == "rotating" and token_of(call) != user.token:
            return None, None
        user.known = True
        self._stats.logins += 1
        # A disabled account gets a full profile whose status is the string "1".
        return (BLOCKED, None) if user.account.status == "expired" and self._profile.stock else (None, user)

    def serial_refused(self, call: Call) -> bool:
        """Panels: a missing or a changed serial number is a reason to ban."""
        if not self._require_serial:
            return False
        user, serial = self.user(mac_of(call)), call.params.get("sn", "")
        if not serial or user is None or (user.serial and user.serial != serial):
            return True
        user.serial = serial
        return False

    def do_auth(self, call: Call) -> bool:
        """Login and password, for accounts that need them."""
        user = self.user(mac_of(call))
        if user is None:
            return False
        given = (call.params.get("login", ""), call.params.get("password", ""))
        user.authorised = given == (user.account.username, user.account.password)
        return user.authorised

    def failure(self, call: Call) -> str | None:
        """Why a data call is refused: `no_mac`, `token`, `denied`; None when it may pass."""
        if self._profile.tokens == "none":
            return None
        mac = mac_of(call)
        if not mac:
            return "no_mac"
        user = self.user(mac)
        if user is None or (self._profile.tokens == "adopted" and not user.known):
            return "denied"
        token = token_of(call)
        if not user.known or (user.token is not None and user.token != token):
            return "token"
        if user.account.status in ("blocked", "banned", "disabled", "expired"):
            return "denied"
        return self._worn_out(user)

    def lose(self, call: Call) -> None:
        """This session ends now."""
        user = self._users.get(mac_of(call))
        if user is not None:
            user.token = self._new_token()

    def steal(self, mac: str) -> bool:
        """Another box logs in with this MAC."""
        user = self._users.get(mac.upper())
        if user is None:
            return False
        user.token = STOLEN
        return True

    def _worn_out(self, user: User) -> str | None:
        user.calls += 1
        if self._lifetime is None or user.calls <= self._lifetime:
            return None
        user.token = self._new_token()
        return "token"

    def _moved(self, user: User, call: Call) -> bool:
        """The first non-empty device id is pinned for ever; later another or none is a conflict."""
        device = call.params.get("device_id", "")
        if not user.device_id:
            user.device_id = device
        return device != user.device_id

    def _new_token(self) -> str:
        self._issued += 1
        return md5(f"token {self._issued}".encode(), usedforsecurity=False).hexdigest().upper()
