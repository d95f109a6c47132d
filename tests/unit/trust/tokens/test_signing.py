"""The hub's own key: made once, kept closed, used for nothing but signing."""

import multiprocessing
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from xinglin.core.settings import Settings
from xinglin.trust.tokens.errors import SigningKeyUnusable
from xinglin.trust.tokens.signing import own_key, public_keys, sign


def test_it_signs_what_its_public_key_proves(tmp_path: Path) -> None:
    settings = Settings(home=str(tmp_path / "home"))
    keys = KeySet.import_key_set(public_keys(settings))  # pyright: ignore[reportArgumentType]
    assert jwt.decode(sign(settings, {"sub": "x"}), keys, algorithms=["ES256"]).claims == {"sub": "x"}
    assert (tmp_path / "home" / "tokens.pem").stat().st_mode & 0o777 == 0o600
    assert [one.name for one in (tmp_path / "home").iterdir()] == ["tokens.pem"]


def thumb(home: Path) -> str:
    return own_key(home).thumbprint()


def test_processes_that_begin_together_have_one_key(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        assert len(set(pool.map(thumb, [tmp_path] * 3, chunksize=1))) == 1


def test_keys_that_cant_be_used(tmp_path: Path) -> None:
    file = tmp_path / "tokens.pem"
    good = ECKey.generate_key("P-256", private=True)
    for content, mode in (
        (good.as_pem(private=True), 0o644),
        (good.as_pem(private=False), 0o600),
        (ECKey.generate_key("P-384", private=True).as_pem(private=True), 0o600),
        (RSAKey.generate_key(2048, private=True).as_pem(private=True), 0o600),
        (b"no key", 0o600),
        (b"", 0o600),
    ):
        file.write_bytes(content)
        file.chmod(mode)
        own_key.cache_clear()
        with pytest.raises(SigningKeyUnusable) as raised:
            own_key(tmp_path)
        assert "PRIVATE" not in raised.value.text()
    file.unlink()
    file.mkdir()
    with pytest.raises(SigningKeyUnusable):
        own_key(tmp_path)
