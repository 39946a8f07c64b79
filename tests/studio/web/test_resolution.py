"""Soft-binding resolution on loopback: from a mark, a fingerprint or a picture to the credential, and for nobody else."""

import base64
import io
import urllib.parse

import c2pa
import cv2
import numpy as np
import pytest
from starlette.testclient import TestClient

from provenance.draft import Draft, Picture
from provenance.home import Home
from provenance.release import release
from studio.web.resolution import API_VERSION, application, guarded

MARK, ISCC = "org.anastylosis.watermark.2", "io.iscc.v0"


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """Return a client, a Release of one picture that a model made whole, and its pixels."""
    folder = tmp_path_factory.mktemp("resolution")
    home = Home(folder / "home")
    rng = np.random.default_rng(4)
    pixels = sum(
        weight * cv2.resize(rng.normal(0, 1, (n, n, 3)).astype(np.float32), (640, 512), interpolation=cv2.INTER_CUBIC)
        for n, weight in ((4, 90), (16, 50), (64, 25), (256, 12))
    )
    pixels = np.clip(128 + pixels, 0, 255).astype(np.uint8)
    picture = Picture("variant.png", pixels, "variant", ai=np.ones((512, 640), bool))
    sealed = release(Draft("speculate", {"operation": "speculate"}, (picture,)), folder / "out", home)
    return TestClient(application(home), base_url="http://127.0.0.1:1"), sealed, home


def _b64(text):
    return base64.b64encode(text.encode()).decode()


def _id(sealed):
    with c2pa.Reader("image/png", io.BytesIO((sealed.folder / "variant.png").read_bytes())) as reader:
        return reader.get_active_manifest()["label"]


def test_the_version_of_the_api_is_named():
    assert API_VERSION == "1.1.0"


def test_a_mark_and_a_fingerprint_lead_to_the_manifest(desk):
    client, sealed, _ = desk
    output = sealed.record["outputs"][0]
    for alg, value, score in ((MARK, output["watermark"]["handle"], 100), (ISCC, output["iscc"], 100)):
        for reply in (
            client.get("/matches/byBinding", params={"alg": alg, "value": _b64(value)}),
            client.post("/matches/byBinding", json={"alg": alg, "value": _b64(value)}),
        ):
            assert reply.json() == {"matches": [{"manifestId": _id(sealed), "similarityScore": score}]}
    raw = base64.b64encode(bytes.fromhex(output["watermark"]["handle"])).decode()
    assert client.get("/matches/byBinding", params={"alg": MARK, "value": raw}).json()["matches"]


def test_a_copy_without_credential_leads_to_the_credential_which_validates_against_the_original(desk):
    client, sealed, _ = desk
    pixels = cv2.imread(str(sealed.folder / "variant.png"))
    copy = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()
    (match,) = client.post("/matches/byContent", content=copy, headers={"content-type": "image/jpeg"}).json()["matches"]
    assert match["manifestId"] == _id(sealed)
    assert match["similarityScore"] >= 90
    for alg in (MARK, ISCC):
        assert client.post("/matches/byContent", params={"alg": alg}, content=copy).json()["matches"] == [
            {"manifestId": _id(sealed), "similarityScore": pytest.approx(97, abs=3)}
        ]
    reply = client.get(f"/manifests/{urllib.parse.quote(match['manifestId'], safe='')}")
    assert (reply.status_code, reply.headers["content-type"]) == (200, "application/c2pa")
    original = io.BytesIO((sealed.folder / "variant.png").read_bytes())
    with c2pa.Reader("image/png", original, manifest_data=reply.content) as reader:
        assert reader.get_active_manifest()["label"] == match["manifestId"]
        assert reader.get_validation_state() == "Valid"


def test_the_active_manifest_alone_is_a_store_of_one(desk):
    client, sealed, _ = desk
    reply = client.get(f"/manifests/{_id(sealed)}", params={"returnActiveManifest": "true"})
    original = io.BytesIO((sealed.folder / "variant.png").read_bytes())
    with c2pa.Reader("image/png", original, manifest_data=reply.content) as reader:
        assert reader.get_active_manifest()["label"] == _id(sealed)


def test_what_it_can_look_for_is_told(desk):
    assert desk[0].get("/services/supportedAlgorithms").json() == {
        "watermarks": [{"alg": MARK}],
        "fingerprints": [{"alg": ISCC}],
    }


@pytest.mark.parametrize(
    ("method", "path", "more", "status"),
    [
        ("GET", "/matches/byBinding", {}, 400),
        ("GET", "/matches/byBinding", {"params": {"alg": MARK, "value": "%%"}}, 400),
        ("GET", "/matches/byBinding", {"params": {"alg": "com.else.1", "value": "AAAA"}}, 400),
        ("GET", "/matches/byBinding", {"params": {"alg": ISCC, "value": "AAAA"}}, 400),
        ("GET", "/matches/byBinding", {"params": {"alg": MARK, "value": "MDAwMDAwMDAwMDAw", "maxResults": "0"}}, 400),
        ("POST", "/matches/byBinding", {"content": b"[" * 5000}, 400),
        ("POST", "/matches/byBinding", {"content": b'["alg"]'}, 400),
        ("POST", "/matches/byContent", {"content": b"no picture"}, 415),
        ("POST", "/matches/byContent", {"content": b"", "params": {"alg": "com.else.1"}}, 400),
        ("POST", "/matches/byReference", {"json": {"referenceUrl": "https://example.org/a.png", "assetLength": 1}}, 501),
        ("GET", "/manifests/urn:c2pa:00000000-0000-0000-0000-000000000000", {}, 404),
        ("GET", "/manifests/..%2f..%2fkeys%2fmark.key", {}, 404),
        ("GET", "/manifests/x", {"params": {"returnActiveManifest": "perhaps"}}, 400),
    ],
)
def test_what_cannot_be_answered_is_said_in_the_apis_own_codes(desk, method, path, more, status):
    reply = desk[0].request(method, path, **more)
    assert reply.status_code == status, reply.text


def test_an_unknown_mark_has_no_matches(desk):
    reply = desk[0].get("/matches/byBinding", params={"alg": MARK, "value": _b64("0123456789ab")})
    assert (reply.status_code, reply.json()) == (200, {"matches": []})


def test_only_this_machine_with_the_token_is_answered(desk):
    token = "t" * 24
    client = TestClient(guarded(desk[2], token=token, hosts=("127.0.0.1:9",)), base_url="http://127.0.0.1:9")
    path, bearer = "/services/supportedAlgorithms", {"authorization": f"Bearer {token}"}
    assert client.get(path).status_code == 401
    assert client.get(path, headers={"authorization": "Bearer no"}).status_code == 401
    assert client.get(path, headers=bearer).status_code == 200
    assert client.get(path, headers=bearer | {"host": "evil.example:9"}).status_code == 421
    assert client.get(path, headers=bearer | {"origin": "http://evil.example"}).status_code == 403
    assert client.post("/matches/byContent", headers=bearer | {"content-length": str(2**40)}).status_code == 413
