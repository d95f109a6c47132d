"""What an attacker tries at the OAuth addresses: forged statements, stolen codes, wrong addresses."""

import base64
import hmac
import json
import multiprocessing
import secrets
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from joserfc.jwk import ECKey, RSAKey
from tests.oauth import (
    APP,
    BACK,
    BASE,
    EC,
    LI,
    ROOT,
    RSA,
    SECRET_APP,
    SERVICE,
    TOKEN,
    WANG,
    Desk,
    challenge,
    claims,
    desk_of,
    mark_of,
    public,
    register,
    registered,
    signed,
    told,
    unsigned,
)

from xinglin.core.clock import now
from xinglin.core.settings import Settings
from xinglin.trust.tokens.certificate import thumbprint
from xinglin.trust.tokens.statement import TYPE


@pytest.fixture
def desk(settings: Settings, tmp_path: Path) -> Iterator[Desk]:
    with registered(settings, tmp_path) as desk:
        yield desk


def in_(seconds: float) -> float:
    return now().timestamp() + seconds


def hs256(key: bytes, **header: str) -> str:
    """Sign with HMAC, as if the public key were a shared secret."""
    whole = unsigned({"alg": "HS256", "kid": "rsa", **header}, claims()).rstrip(".")
    mark = hmac.new(key, whole.encode(), sha256).digest()
    return f"{whole}.{base64.urlsafe_b64encode(mark).decode().rstrip('=')}"


def forged() -> Iterator[tuple[str, str]]:
    """Give statements that must not be believed, with what is wrong with each."""
    good = signed(claims())
    header, payload, signature = good.split(".")
    other_ec, other_rsa = ECKey.generate_key("P-384", private=True), RSAKey.generate_key(2048, private=True)
    yield "alg none", unsigned({"alg": "none", "kid": "ec"}, claims())
    yield "alg none in other letters", unsigned({"alg": "nOnE", "kid": "ec"}, claims())
    yield "no signature", f"{header}.{payload}."
    yield "the signature of another", f"{header}.{payload}.{signed(claims()).split('.')[2]}"
    yield "HS256 by the public key", hs256(RSA.as_pem(private=False))
    yield (
        "HS256 by the public modulus",
        hs256(base64.urlsafe_b64decode(RSA.as_dict(private=False)["n"] + "==")),
    )  # pyright: ignore[reportOperatorIssue, reportArgumentType]
    yield "HS384", hs256(RSA.as_pem(private=False), alg="HS384")
    yield "ES384 with the kid of RSA", signed(claims(), EC, kid="rsa")
    yield "RS384 with the kid of EC", signed(claims(), RSA, alg="RS384", kid="ec")
    yield "a key of its own", signed(claims(), other_ec)
    yield "an RSA key of its own", signed(claims(), other_rsa, alg="RS384", kid="rsa")
    yield "RS256", signed(claims(), RSA, alg="RS256", kid="rsa")
    yield "kid unknown", signed(claims(), EC, kid="another")
    yield "kid a path", signed(claims(), EC, kid="../../etc/passwd")
    yield "kid SQL", signed(claims(), EC, kid="' OR 1=1 --")
    yield "its key in the header", with_header(other_ec, jwk=public(other_ec, "ec"))
    yield "its key at an address", with_header(other_ec, jku="https://attacker.example/keys.json")
    yield "its certificate", with_header(EC, x5u="https://attacker.example/certificate.pem")
    yield "critical header", with_header(EC, crit=["exp"])
    yield "b64 false", with_header(EC, b64=False, crit=["b64"])
    yield "aud another", signed(claims(aud="https://elsewhere.example/oauth/token"))
    yield "aud the FHIR base", signed(claims(aud=BASE))
    yield "aud with a slash", signed(claims(aud=TOKEN + "/"))
    yield "aud missing", signed(claims(aud=None))
    yield "iss another client", signed(claims(iss="resource-server"))
    yield "sub another client", signed(claims(sub="resource-server"))
    yield "sub missing", signed(claims(sub=None))
    yield "iss unknown", signed(claims("unknown"))
    yield "iss a public app", signed(claims(APP.id))
    yield "iss no text", signed(claims(iss=["lab-feed"]))
    yield "expired", signed(claims(exp=in_(-60)))
    yield "exp too far", signed(claims(exp=in_(3_600)))
    yield "exp missing", signed(claims(exp=None))
    yield "exp a text", signed(claims(exp=str(in_(60))))
    yield "exp true", signed(claims(exp=True))
    yield "exp without end", signed(claims(exp=1e308))
    yield "nbf in the future", signed(claims(nbf=in_(120)))
    yield "nbf a text", signed(claims(nbf="now"))
    yield "iat in the future", signed(claims(iat=in_(120)))
    yield "jti missing", signed(claims(jti=None))
    yield "jti empty", signed(claims(jti=""))
    yield "jti no text", signed(claims(jti=17))
    yield "jti too long", signed(claims(jti="j" * 300))
    yield "oversize", signed(claims(padding="x" * 10_000))
    yield "four parts", good + ".x"
    yield "five parts", "a.b.c.d.e"
    yield "nothing", ""
    yield (
        "claims no object",
        ".".join((header, base64.urlsafe_b64encode(b"[1]").decode().rstrip("="), signature)),
    )
    yield "nested", ".".join((header, base64.urlsafe_b64encode(b"[" * 4_000).decode().rstrip("="), signature))
    yield "not ASCII", good[:-1] + "é"


def with_header(key: ECKey, **header: Any) -> str:
    """Sign by hand, with anything in the header."""
    whole = unsigned({"alg": "ES384", "kid": "ec", **header}, claims()).rstrip(".")
    r, s = decode_dss_signature(key.private_key.sign(whole.encode(), ec.ECDSA(hashes.SHA384())))  # pyright: ignore[reportOptionalMemberAccess]
    mark = r.to_bytes(48) + s.to_bytes(48)
    return f"{whole}.{base64.urlsafe_b64encode(mark).decode().rstrip('=')}"


def test_signing_by_hand_is_right(desk: Desk) -> None:
    assert desk.serve(with_header(EC)).status_code == 200


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
def test_forged_statements(desk: Desk) -> None:
    for fault, statement in forged():
        answer = desk.serve(statement)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), fault
        assert "access_token" not in answer.text, fault
    assert desk.execute("SELECT count(*) FROM client_token") == [(0,)]


def test_a_statement_works_once(desk: Desk) -> None:
    statement = signed(claims())
    assert desk.serve(statement).status_code == 200
    answer = desk.serve(statement)
    assert (answer.status_code, answer.json()["code"]) == (401, "XL9203")
    again = claims(jti="the same")
    assert desk.serve(signed(again)).status_code == 200
    assert desk.serve(signed(again | {"exp": int(in_(100))})).status_code == 401


def show(settings: Settings, statement: str) -> int:
    """Show a statement to a hub in a process of its own; give the status."""
    client, desk = desk_of(settings)
    with client:
        return desk.serve(statement).status_code


def test_a_statement_works_once_in_all_processes(desk: Desk) -> None:
    statement = signed(claims())
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        found = pool.starmap(show, [(desk.settings, statement)] * 2, chunksize=1)
    assert sorted(found) == [200, 401]


def test_proof_in_two_ways_or_the_wrong_way(desk: Desk) -> None:
    cases: list[dict[str, Any]] = [
        {"auth": (SECRET_APP.id, desk.secret)},
        {"client_id": SECRET_APP.id},
        {"client_secret": desk.secret},
        {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"},
    ]
    for case in cases:
        auth = case.pop("auth", None)
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": TYPE,
            "scope": "system/*.r",
        } | case
        answer = desk.token(auth, client_assertion=signed(claims()), **form)
        assert answer.status_code in (400, 401), case
        assert "access_token" not in answer.text


def test_wrong_secrets(desk: Desk) -> None:
    for id_, secret in (
        (SECRET_APP.id, "wrong"),
        (SECRET_APP.id, ""),
        (SECRET_APP.id, desk.secret[:-1]),
        (SECRET_APP.id, "x" * 10_000),
        ("unknown", desk.secret),
        (SERVICE.id, ""),
        (APP.id, ""),
        ("%00", "x"),
        ("' OR 1=1 --", "x"),
    ):
        answer = desk.token((id_, secret), grant_type="refresh_token", refresh_token="x")
        assert (answer.status_code, answer.json()["code"]) == (401, "XL9202"), id_
        assert answer.headers["www-authenticate"].startswith("Basic")
    for header in ("Basic", "Basic !!!", "Basic " + base64.b64encode(b"no colon").decode(), "Bearer x"):
        answer = desk.client.post(
            "/oauth/token", data={"grant_type": "refresh_token"}, headers={"Authorization": header}
        )
        assert answer.status_code == 401, header


def test_an_app_without_secret_cant_take_anothers_place(desk: Desk) -> None:
    for id_ in (SECRET_APP.id, SERVICE.id, "unknown", ""):
        answer = desk.token(grant_type="refresh_token", refresh_token="x", client_id=id_)
        assert answer.status_code == 401, id_


def test_a_code_works_once(desk: Desk) -> None:
    desk.log_in(WANG)
    code = desk.code(scope="user/*.rs offline_access")
    given = desk.exchange(code).json()
    assert desk.who(given["access_token"]) is not None
    assert desk.exchange(code).json()["error"] == "invalid_grant"
    time.sleep(1)
    assert desk.who(given["access_token"]) is None
    again = desk.token(grant_type="refresh_token", refresh_token=given["refresh_token"], client_id=APP.id)
    assert again.json()["error"] == "invalid_grant"
    assert desk.execute("SELECT why FROM client_grant") == [("code-reused",)]


STOLEN: list[dict[str, str | None]] = [
    {"client_id": "other-app"},
    {"redirect_uri": "https://other.example/back"},
    {"redirect_uri": None},
    {"redirect_uri": BACK + "/"},
    {"code_verifier": "w" * 50},
    {"code_verifier": None},
    {"code_verifier": challenge("v" * 50)},
    {"code_verifier": "v" * 42},
    {"code_verifier": "v" * 200},
]


def test_a_stolen_code_is_worth_nothing(desk: Desk) -> None:
    desk.log_in(WANG)
    for change in STOLEN:
        code = desk.code()
        assert desk.exchange(code, **change).json()["error"] == "invalid_grant", change
        assert desk.exchange(code).json()["error"] == "invalid_grant", change
    assert desk.execute("SELECT count(*) FROM client_token") == [(0,)]


def test_an_old_code_is_worth_nothing(desk: Desk) -> None:
    desk.log_in(WANG)
    code = desk.code()
    desk.execute("UPDATE client_code SET ends = now()")
    assert desk.exchange(code).json()["error"] == "invalid_grant"


def test_a_refresh_token_works_once(desk: Desk) -> None:
    desk.log_in(WANG)
    first = desk.exchange(desk.code(scope="user/*.rs offline_access")).json()
    form = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"], "client_id": APP.id}
    second = desk.token(**form).json()
    assert desk.who(second["access_token"]) is not None
    assert desk.token(**form).json()["error"] == "invalid_grant"
    time.sleep(1)
    assert desk.who(first["access_token"]) is None
    assert desk.who(second["access_token"]) is None
    last = desk.token(**form | {"refresh_token": second["refresh_token"]})
    assert last.json()["error"] == "invalid_grant"
    assert desk.execute("SELECT why FROM client_grant") == [("refresh-reused",)]


def test_a_refresh_token_of_another_program(desk: Desk) -> None:
    desk.log_in(WANG)
    given = desk.exchange(desk.code(scope="user/*.rs offline_access")).json()
    form = {"grant_type": "refresh_token", "refresh_token": given["refresh_token"]}
    assert desk.token(**form, client_id="other-app").json()["error"] == "invalid_grant"
    assert desk.token(**form, client_id=APP.id).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "scope",
    ["user/*.cruds", "user/Observation.rs", "user/*.rs openid", "patient/Patient.r", "system/*.r", "x"],
)
def test_scopes_dont_grow(desk: Desk, scope: str) -> None:
    desk.log_in(WANG)
    given = desk.exchange(desk.code(scope="user/Patient.rs offline_access")).json()
    form = {"grant_type": "refresh_token", "refresh_token": given["refresh_token"], "client_id": APP.id}
    assert desk.token(**form, scope=scope).json()["error"] == "invalid_scope"
    assert desk.token(**form).status_code == 200


def test_a_service_gets_no_more_than_registered(desk: Desk) -> None:
    given = desk.serve(signed(claims()), scope="system/*.cruds openid offline_access").json()
    assert given["scope"] == "system/Observation.crs system/Patient.r"
    for scope in ("user/*.cruds", "system/Condition.r", "openid", ""):
        assert desk.serve(signed(claims()), scope=scope).json()["error"] == "invalid_scope", scope
    for kind in ("authorization_code", "refresh_token", "password", "implicit", ""):
        answer = desk.serve(signed(claims()), grant_type=kind)
        assert answer.json()["error"] in ("unauthorized_client", "unsupported_grant_type"), kind
    unknown = desk.serve(signed(claims()), scope="system/Observation.rs?no-such-parameter=1")
    assert unknown.json()["error"] == "invalid_scope"


def test_an_app_may_not_ask_for_itself(desk: Desk) -> None:
    for auth, id_ in (((SECRET_APP.id, desk.secret), None), (None, APP.id)):
        answer = desk.token(auth, grant_type="client_credentials", scope="system/*.rs", client_id=id_)
        assert answer.json()["error"] == "unauthorized_client"


REDIRECTS = (
    None,
    "",
    "https://app.example/back/",
    "https://app.example/back2",
    "https://app.example/back?x=1",
    "https://app.example/back#x",
    "https://app.example/Back",
    "https://app.example/back/../other",
    "https://app.example/%62ack",
    "https://app.example:443/back",
    "https://app.example.attacker.example/back",
    "https://app.example@attacker.example/back",
    "https://attacker.example/?https://app.example/back",
    "https://attacker.example\\@app.example/back",
    "http://app.example/back",
    "//app.example/back",
    "/back",
    "javascript:alert(1)",
    "data:text/html,x",
    "https://app.example/back\r\nLocation: https://attacker.example",
    "http://127.0.0.1:80@attacker.example/back",
    "http://127.0.0.1.attacker.example/back",
    "http://127.0.0.1:8080/other",
    "http://localhost/back",
    "http://[::1]/back",
    "http://127.1/back",
    "http://127.0.0.1:/back?x",
    " https://app.example/back",
)


def test_no_other_address_gets_an_answer(desk: Desk) -> None:
    desk.log_in(WANG)
    for redirect in REDIRECTS:
        answer = desk.ask(redirect_uri=redirect)
        assert answer.status_code == 400, redirect
        assert "location" not in answer.headers, redirect
        assert "XL9209" in answer.text, redirect


def test_an_unknown_app_gets_no_answer(desk: Desk) -> None:
    desk.log_in(WANG)
    for id_ in ("unknown", "", "\0", SERVICE.id):
        answer = desk.ask(client_id=id_)
        assert (answer.status_code, "location" in answer.headers) == (400, False)


UNOFFERED: list[tuple[dict[str, str | None], str]] = [
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"response_type": "code id_token"}, "unsupported_response_type"),
    ({"response_type": None}, "unsupported_response_type"),
    ({"code_challenge": None}, "invalid_request"),
    ({"code_challenge_method": "plain"}, "invalid_request"),
    ({"code_challenge_method": None}, "invalid_request"),
    ({"code_challenge": "short"}, "invalid_request"),
    ({"aud": None}, "invalid_request"),
    ({"aud": "https://elsewhere.example/fhir"}, "invalid_request"),
    ({"aud": ROOT}, "invalid_request"),
    ({"state": None}, "invalid_request"),
    ({"scope": "system/*.rs"}, "invalid_scope"),
    ({"scope": "user/*.cud"}, "invalid_scope"),
    ({"scope": "user/Observation.rs?_has:x:y:z=1"}, "invalid_scope"),
    ({"scope": "user/Observation.rs?no-such-parameter=1"}, "invalid_scope"),
    ({"scope": None}, "invalid_scope"),
    ({"request": "eyJhbGciOiJub25lIn0.e30."}, "invalid_request"),
    ({"request_uri": "https://attacker.example/request"}, "invalid_request"),
    ({"launch": "xyz"}, "invalid_request"),
    ({"response_mode": "fragment"}, "invalid_request"),
    ({"prompt": "none"}, "invalid_request"),
]


def test_what_an_app_may_not_ask(desk: Desk) -> None:
    for change, error in UNOFFERED:
        answer = told(desk.ask(**change))
        assert answer["error"] == error, change
        assert answer["iss"] == ROOT
        assert answer.get("state") == change.get("state", "a state")


def test_parameters_twice(desk: Desk) -> None:
    desk.log_in(WANG)
    query = "&".join(f"{name}={value}" for name, value in desk.request().items())
    assert (
        desk.client.get(f"/oauth/authorize?{query}&redirect_uri=https://attacker.example").status_code == 400
    )
    body = f"grant_type=client_credentials&grant_type=password&client_id={APP.id}"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert desk.client.post("/oauth/token", content=body, headers=headers).json()["code"] == "XL9201"


def test_nobody_answers_for_a_person(desk: Desk) -> None:
    desk.log_in(WANG)
    page = desk.ask()
    mark = mark_of(page)
    form = {"page": mark, "decision": "allow", "scope": "user/Observation.rs"}
    for headers in (
        {"Origin": "https://attacker.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        answer = desk.client.post("/oauth/decide", data=form, headers=headers, follow_redirects=False)
        assert answer.status_code == 403, headers
    for wrong in ("", "xlp_" + secrets.token_urlsafe(32), "\0", "x" * 10_000):
        answer = desk.client.post("/oauth/decide", data=form | {"page": wrong}, follow_redirects=False)
        assert (answer.status_code, "XL9211" in answer.text) == (403, True)
    desk.log_in(LI)
    assert desk.client.post("/oauth/decide", data=form, follow_redirects=False).status_code == 403
    desk.client.cookies.clear()
    assert desk.client.post("/oauth/decide", data=form, follow_redirects=False).status_code == 401
    assert desk.execute("SELECT count(*) FROM client_grant") == [(0,)]


def test_a_page_is_answered_once_and_soon(desk: Desk) -> None:
    desk.log_in(WANG)
    page = desk.ask()
    assert desk.decide(page).status_code == 303
    assert desk.decide(page).status_code == 403
    late = desk.ask()
    desk.execute("UPDATE client_request SET ends = now()")
    assert desk.decide(late).status_code == 403


def test_the_page_is_closed_to_other_sites(desk: Desk) -> None:
    desk.log_in(WANG)
    page = desk.ask(state='"><script>alert(1)</script>')
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self' https://app.example;" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "style-src 'self';" in policy
    assert "style=" not in page.text
    assert page.headers["cache-control"] == "no-store"
    assert "alert(1)" not in page.text
    assert "alert(1)" not in desk.ask(redirect_uri="https://x.example/<script>alert(1)</script>").text


def test_secrets_in_the_address(desk: Desk) -> None:
    for name in ("access_token", "refresh_token", "client_secret", "client_assertion", "code", "token"):
        for path in ("token", "introspect", "revoke"):
            answer = desk.client.post(f"/oauth/{path}?{name}=x", data={"grant_type": "refresh_token"})
            assert (answer.status_code, answer.json()["code"]) == (400, "XL9214"), (path, name)
            assert answer.json()["error"] == "invalid_request"


def test_forms_that_are_none(desk: Desk) -> None:
    for body, type_, status in (
        (b"{}", "application/json", 400),
        (b"grant_type=%FF", "application/x-www-form-urlencoded", 400),
        (b"a=1&" * 1_000, "application/x-www-form-urlencoded", 400),
        (b"grant_type=" + b"x" * 100_000, "application/x-www-form-urlencoded", 413),
        (b"\xff\xfe", "application/x-www-form-urlencoded", 400),
        (b"", "application/x-www-form-urlencoded", 401),
        (b"grant_type=%00&client_id=%00", "application/x-www-form-urlencoded", 401),
    ):
        answer = desk.client.post("/oauth/token", content=body, headers={"Content-Type": type_})
        assert answer.status_code == status, body[:20]
        assert answer.json()["error"] in ("invalid_request", "invalid_client")
        assert "Traceback" not in answer.text


def test_errors_in_the_readers_language(desk: Desk) -> None:
    answer = desk.client.post(
        "/oauth/token", data={"grant_type": "x", "client_id": APP.id}, headers={"Accept-Language": "zh"}
    )
    assert answer.json()["error"] == "unsupported_grant_type"
    assert "不提供" in answer.json()["error_description"]
    assert answer.headers["content-language"] == "zh"


def test_what_a_disabled_program_or_person_gets(desk: Desk) -> None:
    desk.log_in(WANG)
    given = desk.exchange(desk.code(scope="user/*.rs offline_access")).json()
    desk.execute("UPDATE account SET disabled = now() WHERE login = 'wang'")
    time.sleep(1)
    assert desk.who(given["access_token"]) is None
    form = {"grant_type": "refresh_token", "refresh_token": given["refresh_token"], "client_id": APP.id}
    assert desk.token(**form).json()["error"] == "invalid_grant"
    desk.execute("UPDATE client SET disabled = now()")
    assert desk.token(**form).json()["error"] == "invalid_client"
    assert desk.serve(signed(claims())).json()["error"] == "invalid_client"
    assert desk.ask().status_code == 400


def test_keys_are_fetched_from_public_addresses_only(desk: Desk) -> None:
    for address in (
        "https://127.0.0.1/keys.json",
        "https://localhost/keys.json",
        "https://169.254.169.254/latest/meta-data",
        "https://10.0.0.1/keys.json",
        "https://[::1]/keys.json",
        "https://[::ffff:127.0.0.1]/keys.json",
        "https://[64:ff9b::7f00:1]/keys.json",
        "https://0.0.0.0/keys.json",
        "https://0x7f000001/keys.json",
    ):
        desk.execute("UPDATE client SET keys = NULL, keys_url = %s WHERE id = %s", [address, SERVICE.id])
        answer = desk.serve(signed(claims()))
        assert (answer.status_code, answer.json()["code"]) == (401, "XL9215"), address
        assert json.loads(answer.text)["error"] == "invalid_client"


def test_of_two_who_show_a_code_at_once_one_comes_through(desk: Desk) -> None:
    desk.log_in(WANG)
    code = desk.code(scope="user/*.rs offline_access")
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: desk.exchange(code), range(4)))
    assert sorted(one.status_code for one in answers) == [200, 400, 400, 400]
    time.sleep(1)
    given = next(one.json() for one in answers if one.status_code == 200)
    assert desk.who(given["access_token"]) is None


def test_tokens_are_bound_to_the_certificate(settings: Settings, tmp_path: Path) -> None:
    settings = msgspec.structs.replace(
        settings,
        home=str(tmp_path),
        client_certificates="required",
        client_certificate_header="Client-Cert",
        trusted_proxies="testclient",
    )
    one, other = ({"Client-Cert": client_certificate()} for _ in range(2))
    client, desk = desk_of(settings)
    with client:
        register(desk)
        refused = desk.serve(signed(claims()))
        assert (refused.status_code, refused.json()["code"]) == (401, "XL9216")
        client.headers.update(one)
        token = desk.serve(signed(claims())).json()["access_token"]
        bound = thumbprint(one["Client-Cert"])
        assert desk.who(token, bound) is not None
        assert desk.who(token, thumbprint(other["Client-Cert"])) is None
        assert desk.who(token) is None
        form = {"client_assertion_type": TYPE, "client_assertion": signed(claims()), "token": token}
        assert client.post("/oauth/introspect", data=form).json()["cnf"] == {"x5t#S256": bound}
        desk.log_in(WANG)
        given = desk.exchange(desk.code(scope="user/*.rs offline_access")).json()
        assert desk.who(given["access_token"]) is None
        assert desk.who(given["access_token"], bound) is not None
        client.headers.update(other)
        refresh = {
            "grant_type": "refresh_token",
            "refresh_token": given["refresh_token"],
            "client_id": APP.id,
        }
        assert desk.token(**refresh).json()["error"] == "invalid_grant"


def client_certificate() -> str:
    """Make a certificate as a proxy tells it (RFC 9440)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a program")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now())
        .not_valid_after(now() + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return f":{base64.b64encode(made.public_bytes(Encoding.DER)).decode()}:"
