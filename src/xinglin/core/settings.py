"""Settings: the environment first, then a TOML file, then the defaults below.

A setting `port` is the variable `XINGLIN_PORT` or the key `port` of the TOML file, which is the one named by
`XINGLIN_CONFIG`, else `xinglin.toml` in the home folder.
"""

import difflib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_type_hints

import msgspec
from msgspec import Meta

from xinglin.core import setting_checks
from xinglin.core.errors import SettingError
from xinglin.core.i18n import Phrase
from xinglin.core.os_errors import reason

PREFIX = "XINGLIN_"
SECRETS = frozenset({"database_url", "oidc_client_secret"})

OTHER_VARIABLES = frozenset({"XINGLIN_CONFIG", "XINGLIN_SHARED"})
"""Variables of ours that are no settings: the settings file, and where tests find outside data."""

BENCHMARKS = "XINGLIN_BENCH_"

DEFAULT_HOME = "/var/lib/xinglin" if os.geteuid() == 0 else "~/.xinglin"
"""Root's own home folder is closed to the unprivileged user that PostgreSQL must run as."""

Port = Annotated[int, Meta(ge=1, le=65535)]
Positive = Annotated[int, Meta(ge=1)]


class WrongSetting(SettingError):
    """A setting has a value it can't have."""

    code = "XL1001"
    message = "The setting {name} (from {origin}) can't be used: {detail}."
    remedy = "Correct it, or remove it to use the default; `xinglin settings` lists what each setting means."


class UnknownSetting(SettingError):
    """The settings file names a setting that doesn't exist."""

    code = "XL1002"
    message = 'The settings file {file} names "{name}", which is no setting.'
    remedy = 'Remove it, or write the name as `xinglin settings` does. Nearest: "{nearest}".'


class UnknownVariable(SettingError):
    """The environment names a setting that doesn't exist."""

    code = "XL1005"
    message = "The environment names {name}, which is no setting."
    remedy = "Unset it, or write the name as `xinglin settings` does. Nearest: {nearest}."


class UnreadableSettings(SettingError):
    """The settings file can't be read."""

    code = "XL1003"
    message = "The settings file {file} can't be read: {detail}."
    remedy = "Give the path of a readable TOML file in XINGLIN_CONFIG, or unset it."


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Every setting, with its type and default. The description of each is what `xinglin settings` prints."""

    home: Annotated[str, Meta(description="folder for the embedded database, packages and logs")] = (
        DEFAULT_HOME
    )
    database_url: Annotated[
        str, Meta(description="PostgreSQL 15+ to use, as postgresql://…; empty: the embedded server")
    ] = ""
    database_connections: Annotated[
        Positive, Meta(description="most database connections a worker opens")
    ] = 8
    host: Annotated[str, Meta(description="address to listen on")] = "127.0.0.1"
    port: Annotated[Port, Meta(description="TCP port to listen on")] = 8642
    workers: Annotated[Positive, Meta(description="worker processes that answer requests")] = 1
    base_url: Annotated[
        str, Meta(description="public address, as https://hub.example/fhir; empty: what the request names")
    ] = ""
    allowed_hosts: Annotated[
        str, Meta(description="names the hub answers to beside localhost, with commas between; *: any")
    ] = ""
    intake_workers: Annotated[Positive, Meta(description="processes that load deliveries side by side")] = 2
    intake_folder: Annotated[
        str,
        Meta(
            description="drop folder: files in its folder NAME are deliveries of the source NAME; empty: none"
        ),
    ] = ""
    intake_most_bytes: Annotated[
        Positive, Meta(description="largest delivery over HTTP, in bytes as it is sent")
    ] = 20_000_000_000
    import_from: Annotated[
        str,
        Meta(description="addresses that $import may fetch from, as https://host/path/, with commas between"),
    ] = ""
    mllp_port: Annotated[
        int, Meta(ge=0, le=65535, description="TCP port for HL7 v2 messages by MLLP; 0: none")
    ] = 0
    max_body_bytes: Annotated[Positive, Meta(description="largest request body, unpacked, in bytes")] = (
        50_000_000
    )
    max_bundle_entries: Annotated[Positive, Meta(description="most entries in one batch or transaction")] = (
        20_000
    )
    validation: Annotated[
        Literal["errors", "none"], Meta(description="what is refused on write: records with errors, or none")
    ] = "errors"
    request_timeout_seconds: Annotated[
        Positive, Meta(description="longest time one database statement may take")
    ] = 60
    search_timeout_seconds: Annotated[Positive, Meta(description="longest time one search may take")] = 10
    search_page_most: Annotated[Positive, Meta(description="most matches on one page of search results")] = (
        1_000
    )
    search_include_most: Annotated[
        Positive, Meta(description="most records that may come along with one page of search results")
    ] = 5_000
    spark_remote: Annotated[
        str,
        Meta(
            description="Spark Connect endpoint for work on everybody, as sc://host:port; empty: this process"
        ),
    ] = ""
    tls_certificate: Annotated[
        str, Meta(description="PEM file of the hub's certificate with its chain; empty: no TLS")
    ] = ""
    tls_key: Annotated[str, Meta(description="PEM file of that certificate's private key")] = ""
    tls_client_ca: Annotated[
        str, Meta(description="PEM file of CAs; clients must show a certificate by one of them; empty: none")
    ] = ""
    tls_oldest: Annotated[Literal["1.2", "1.3"], Meta(description="oldest version of TLS that is spoken")] = (
        "1.2"
    )
    requests_per_minute: Annotated[
        int, Meta(ge=0, le=10_000_000, description="requests one address may send in a minute; 0: any number")
    ] = 12_000
    logins_per_minute: Annotated[
        int,
        Meta(
            ge=0,
            le=10_000_000,
            description="requests one address may send in a minute to log in or get tokens; 0: any number",
        ),
    ] = 60
    header_seconds: Annotated[
        Positive, Meta(description="longest time that the head of a request may take to arrive")
    ] = 10
    encrypt: Annotated[
        Literal["identifying", "all", "none"],
        Meta(description="what is encrypted at rest: records that say who somebody is, all, or none"),
    ] = "identifying"
    encrypt_with: Annotated[
        Literal["aes-256-gcm", "sm4-gcm"], Meta(description="algorithm of new data keys")
    ] = "aes-256-gcm"
    keys_file: Annotated[
        str, Meta(description="file of the master keys, made at first start; empty: keys in the home folder")
    ] = ""
    keys_command: Annotated[
        str, Meta(description="program that wraps keys in the site's KMS, in place of the file; empty: none")
    ] = ""
    audit_hash: Annotated[
        Literal["sha256", "sm3"], Meta(description="hash of a new audit log; it keeps the one it began with")
    ] = "sha256"
    audit_signature: Annotated[
        Literal["ed25519", "sm2"], Meta(description="signature of a new key for the audit log's checkpoints")
    ] = "ed25519"
    audit_checkpoint_seconds: Annotated[
        Positive, Meta(description="time between two signed checkpoints of the audit log")
    ] = 60
    time_zone: Annotated[str, Meta(description="zone of dates and times that state none (IANA name)")] = (
        "Asia/Shanghai"
    )
    language: Annotated[
        Literal["zh", "en"], Meta(description="language of texts where the reader asks for none")
    ] = "zh"
    argon2_memory_kib: Annotated[
        int, Meta(ge=8, le=4_194_304, description="memory for hashing one password, in KiB (argon2id)")
    ] = 65_536
    argon2_passes: Annotated[
        int, Meta(ge=1, le=100, description="passes over that memory for hashing one password (argon2id)")
    ] = 3
    password_length: Annotated[
        int, Meta(ge=1, le=64, description="fewest characters that a password may have")
    ] = 10
    password_classes: Annotated[
        int,
        Meta(
            ge=1,
            le=4,
            description="of capitals, small letters, digits and others, so many must be in a password",
        ),
    ] = 3
    password_days: Annotated[Positive, Meta(description="days after which a password must be changed")] = 90
    password_history: Annotated[
        Positive, Meta(description="so many of a person's last passwords can't be used again")
    ] = 5
    login_failures: Annotated[
        Positive, Meta(description="failed logins to an account from one address until it is locked for it")
    ] = 5
    lockout_minutes: Annotated[
        Positive, Meta(description="minutes of the first lockout; each further one takes twice as long")
    ] = 30
    second_factor: Annotated[
        Literal["administrators", "everyone", "optional"],
        Meta(description="who must log in with a code from an authenticator too"),
    ] = "administrators"
    session_idle_minutes: Annotated[
        Positive, Meta(description="minutes without a request after which a login ends")
    ] = 15
    session_hours: Annotated[Positive, Meta(description="hours after which a login ends in any case")] = 12
    session_single: Annotated[
        Literal["yes", "no"], Meta(description="whether a new login ends the account's other ones")
    ] = "no"
    oidc_issuer: Annotated[
        str, Meta(description="the site's OpenID Connect provider, as https://login.example; empty: none")
    ] = ""
    oidc_client_id: Annotated[str, Meta(description="the hub's client id at that provider")] = ""
    oidc_client_secret: Annotated[
        str, Meta(description="the hub's client secret at that provider; empty: a public client")
    ] = ""
    oidc_login_claim: Annotated[
        str, Meta(description="claim that gives new accounts from the provider their login name")
    ] = "preferred_username"
    oidc_roles_claim: Annotated[
        str, Meta(description="claim whose values the table oidc_roles turns into roles")
    ] = "groups"
    oidc_roles: Annotated[
        str,
        Meta(description="CSV file that turns the provider's claims into roles; empty: roles are given here"),
    ] = ""
    oidc_new_accounts: Annotated[
        Literal["no", "yes"],
        Meta(description="whether whom the provider vouches for gets an account at the first login"),
    ] = "no"
    service_token_seconds: Annotated[
        int, Meta(ge=1, le=300, description="seconds that an access token of a backend service lasts")
    ] = 300
    app_token_minutes: Annotated[
        int, Meta(ge=1, le=60, description="minutes that an access token of an app lasts")
    ] = 30
    app_access_days: Annotated[
        int, Meta(ge=1, le=366, description="days that an app may renew its tokens without asking its user")
    ] = 30
    client_key_hosts: Annotated[
        str,
        Meta(description="hosts in closed networks that programs' keys may be fetched from, commas between"),
    ] = ""
    client_certificates: Annotated[
        Literal["off", "accepted", "required"],
        Meta(description="whether tokens are bound to the certificate a program connects with (RFC 8705)"),
    ] = "off"
    client_certificate_header: Annotated[
        str,
        Meta(
            description="header in which a trusted proxy tells that certificate (PEM, RFC 9440); empty: none"
        ),
    ] = ""
    trusted_proxies: Annotated[
        str, Meta(description="addresses of proxies whose headers about their clients count, commas between")
    ] = ""
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="least severe log line written")
    ] = "info"
    log_format: Annotated[Literal["json", "text"], Meta(description="form of log lines")] = "json"

    @property
    def folder(self) -> Path:
        """The home folder as an absolute path."""
        return Path(self.home).expanduser().absolute()

    @property
    def spool(self) -> Path:
        """Where deliveries wait that came by HTTP."""
        return self.folder / "spool"

    @property
    def packages(self) -> Path:
        """Where installed FHIR packages are kept."""
        return self.folder / "packages"

    @property
    def quality(self) -> Path:
        """Where the site keeps its own tables of quality rules."""
        return self.folder / "quality"

    @property
    def labels(self) -> Path:
        """Where the site keeps its own tables of confidentiality."""
        return self.folder / "labels"

    @property
    def key_file(self) -> Path:
        """Where the master keys are."""
        return Path(self.keys_file).expanduser().absolute() if self.keys_file else self.folder / "keys"

    @property
    def policies(self) -> Path:
        """Where the site keeps its own policies and their tables."""
        return self.folder / "policies"

    @property
    def audit(self) -> Path:
        """Where the audit log's signing key is, and what was signed last."""
        return self.folder / "audit"

    @property
    def mappings(self) -> Path:
        """Where the site's own mappings of tables are kept."""
        return self.folder / "mappings"


class Setting(msgspec.Struct, frozen=True):
    """One setting as it stands: where it came from is the variable's name, the file's path or `default`."""

    name: str
    value: Any
    origin: str
    description: str

    @property
    def shown(self) -> str:
        """The value as it may be printed; secrets are masked."""
        return "********" if self.name in SECRETS and self.value else str(self.value)


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings. Raises SettingError for a value or a name that can't be used."""
    return Settings(**{s.name: s.value for s in explain(environment)})


def explain(environment: Mapping[str, str] | None = None) -> list[Setting]:
    """List every setting with its value and where it came from."""
    environment = os.environ if environment is None else environment
    _refuse_unknown(environment)
    file, from_file = _read_file(environment)
    return [_resolve(name, environment, file, from_file) for name in Settings.__struct_fields__]


def _resolve(name: str, environment: Mapping[str, str], file: Path, from_file: dict[str, Any]) -> Setting:
    kind = get_type_hints(Settings, include_extras=True)[name]
    variable = PREFIX + name.upper()
    if variable in environment:
        raw, origin = environment[variable], variable
    elif name in from_file:
        raw, origin = from_file[name], str(file)
    else:
        raw, origin = getattr(Settings(), name), "default"
    try:
        value = msgspec.convert(raw, kind, strict=False)
    except msgspec.ValidationError:
        raise WrongSetting(name=name, origin=origin, detail=_wanted(kind)) from None
    _check(name, value, origin)
    return Setting(name, value, origin, _description(kind))


def _check(name: str, value: Any, origin: str) -> None:
    fault = setting_checks.CHECKS[name](value) if name in setting_checks.CHECKS else None
    if fault is not None:
        raise WrongSetting(name=name, origin=origin, detail=fault)


def _refuse_unknown(environment: Mapping[str, str]) -> None:
    """Refuse misspelt variables, which would otherwise change nothing and say nothing."""
    known = [PREFIX + name.upper() for name in Settings.__struct_fields__]
    for name in environment:
        if not name.startswith(PREFIX) or name.startswith(BENCHMARKS):
            continue
        if name not in known and name not in OTHER_VARIABLES:
            nearest = difflib.get_close_matches(name, known, 1, 0.0)
            raise UnknownVariable(name=name, nearest=nearest[0])


def _wanted(kind: Any) -> Phrase:
    """Say what values a setting takes; msgspec says it in English only."""
    choices = get_args(kind.__origin__)
    if choices:
        return Phrase("it must be one of {allowed}", allowed=", ".join(choices))
    if kind.__origin__ is not int:
        return Phrase("it must be a text")
    least = next((m.ge for m in kind.__metadata__ if m.ge is not None), 1)
    most = next((m.le for m in kind.__metadata__ if m.le is not None), None)
    if most is None:
        return Phrase("it must be a whole number from {least}", least=least)
    return Phrase("it must be a whole number from {least} to {most}", least=least, most=most)


def _description(kind: Any) -> str:
    return next(m.description or "" for m in kind.__metadata__ if isinstance(m, Meta) and m.description)


def _read_file(environment: Mapping[str, str]) -> tuple[Path, dict[str, Any]]:
    home = environment.get(PREFIX + "HOME", DEFAULT_HOME)
    _check("home", home, PREFIX + "HOME")
    named = environment.get(PREFIX + "CONFIG")
    file = Path(named or Path(home, "xinglin.toml")).expanduser()
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if named:
            raise UnreadableSettings(file=file, detail=Phrase("no such file or folder")) from None
        return file, {}
    except OSError as error:
        raise UnreadableSettings(file=file, detail=reason(error)) from None
    except UnicodeDecodeError as error:
        detail = Phrase("it isn't UTF-8 at byte {place}", place=error.start)
        raise UnreadableSettings(file=file, detail=detail) from None
    except tomllib.TOMLDecodeError as error:
        # The parser's own words are English only, but they name the place.
        raise UnreadableSettings(file=file, detail=Phrase("it isn't TOML ({detail})", detail=error)) from None
    for name in values.keys() - set(Settings.__struct_fields__):
        nearest = difflib.get_close_matches(name, Settings.__struct_fields__, 1, 0.0)
        raise UnknownSetting(file=file, name=name, nearest=nearest[0])
    return file, values
