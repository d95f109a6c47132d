"""A small OpenID Connect provider on localhost, which also does what a bad one would."""

import base64
import hmac
import json
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT, SECRET = "xinglin-hub", "s3cr%t of the hub"


@dataclass
class Provider:
    """What the provider knows, and how it misbehaves."""

    issuer: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}))
    subject: str = "17"
    claims: dict[str, Any] = field(default_factory=dict[str, Any])
    codes: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    wrong: dict[str, Any] = field(default_factory=dict[str, Any])
    """Claims to give in place of the right ones; None: leave it out."""

    sign: str = "RS256"
    asked: list[str] = field(default_factory=list[str])

    def authorize(self, address: str) -> dict[str, str]:
        """Log somebody in at the authorization address; give what the browser brings back."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return {"code": code, "state": asked["state"], "iss": self.issuer}

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """Exchange a code, once, for whom it was given to."""
        asked = self.codes.pop(form.get("code", ""), None)
        basic = base64.b64encode(b"xinglin-hub:s3cr%25t%20of%20the%20hub").decode()
        challenge = base64.urlsafe_b64encode(sha256(form.get("code_verifier", "").encode()).digest())
        if (
            asked is None
            or authorization != f"Basic {basic}"
            or form["redirect_uri"] != asked["redirect_uri"]
            or challenge.decode().rstrip("=") != asked["code_challenge"]
        ):
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": self.subject,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            **self.claims,
            **self.wrong,
        }
        given = {name: value for name, value in claims.items() if value is not None}
        return 200, {"access_token": "a", "token_type": "Bearer", "id_token": self.signed(given)}

    def signed(self, claims: dict[str, Any]) -> str:
        """Sign claims, or pretend to."""
        if self.sign in ("none", "HS256"):  # HS256 under the public key, which everybody knows
            header = {"alg": self.sign, "kid": "one"}
            parts = (json.dumps(part).encode() for part in (header, claims))
            text = ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)
            public = self.key.as_pem(private=False)
            made = hmac.new(public, text.encode(), sha256).digest() if self.sign == "HS256" else b""
            return f"{text}.{base64.urlsafe_b64encode(made).decode().rstrip('=')}"
        if self.sign == "stranger":
            other = RSAKey.generate_key(2048, {"kid": "one"})
            return jwt.encode({"alg": "RS256", "kid": "one"}, claims, other)
        header = {"alg": self.sign, "kid": self.key.kid}
        return jwt.encode(header, claims, self.key, algorithms=[self.sign])

    def answer(self, path: str) -> tuple[int, dict[str, Any]]:
        """Answer a question of discovery."""
        self.asked.append(path)
        if path == "/.well-known/openid-configuration":
            return 200, {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "end_session_endpoint": f"{self.issuer}/logout",
                "authorization_response_iss_parameter_supported": True,
            }
        if path == "/keys":
            return 200, dict(KeySet([self.key]).as_dict(private=False))
        return 404, {}


@contextmanager
def running() -> Generator[Provider]:
    """Run a provider."""
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.reply(*provider.answer(self.path))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self.reply(*provider.token(form, self.headers.get("Authorization", "")))

        def reply(self, status: int, content: dict[str, Any]) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.issuer = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
