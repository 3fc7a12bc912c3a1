"""Where the monitor listens and whom it answers."""

import ipaddress
from dataclasses import dataclass, field

from reproq_worker.errors import ConfigError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_LOCALHOST = ("127.0.0.0/8", "::1/128")


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorConfig:
    """The settings of section metrics; durations are seconds."""

    #: host:port; without a host every IPv4 interface, which needs some protection.
    addr: str
    auth_token: str | None = field(default=None, repr=False)
    #: What JWTs are signed with, where that is not auth_token.
    jwt_secret: str | None = field(default=None, repr=False)
    #: Addresses and networks that are answered; nobody else is. Empty: everybody.
    allow_cidrs: tuple[str, ...] = ()
    #: So many wrong tokens an address may send within auth_window, before it is refused unheard.
    auth_limit: int = 30
    auth_window: float = 60
    #: How many addresses are remembered; beyond that the one that failed longest ago is forgotten.
    auth_max_entries: int = 1000
    tls_cert: str | None = None
    tls_key: str | None = None
    #: With it only clients with a certificate of this authority are answered.
    tls_client_ca: str | None = None

    def __post_init__(self) -> None:
        for name in ("auth_limit", "auth_window", "auth_max_entries"):
            if getattr(self, name) <= 0:
                raise ConfigError(f"metrics.{name} must be more than 0")
        if bool(self.tls_cert) != bool(self.tls_key):
            raise ConfigError("metrics TLS requires both cert and key (metrics.tls_cert, tls_key)")
        if self.tls_client_ca and not self.tls_cert:
            raise ConfigError("metrics.tls_client_ca requires metrics.tls_cert and metrics.tls_key")
        if self.auth_token and not self.auth_token.isascii():
            raise ConfigError("metrics.auth_token must be ASCII")
        self.networks()
        host, _ = self.endpoint()
        if not (_is_loopback(host) or self.auth_token or self.tls_client_ca or self.allow_cidrs):
            raise ConfigError(
                f"metrics.addr {self.addr} is public: it needs metrics.auth_token,"
                " metrics.tls_client_ca or metrics.allow_cidrs; or listen on 127.0.0.1"
            )

    def endpoint(self) -> tuple[str, int]:
        """Host and port; the host of `:9090` is every IPv4 interface."""
        host, colon, port = self.addr.rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        if not colon or not port.isdecimal() or not 0 <= int(port) <= 65535:
            raise ConfigError(f"metrics.addr must be host:port, not {self.addr!r}")
        return host or "0.0.0.0", int(port)

    def networks(self) -> tuple[Network, ...]:
        """allow_cidrs, read."""
        names = [n for name in self.allow_cidrs for n in _spelled_out(name)]
        try:
            return tuple(ipaddress.ip_network(name, strict=False) for name in names)
        except ValueError as error:
            raise ConfigError(f"invalid metrics allowlist (metrics.allow_cidrs): {error}") from None


def _spelled_out(name: str) -> tuple[str, ...]:
    return _LOCALHOST if name == "localhost" else (name,)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
