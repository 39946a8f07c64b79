import multiprocessing
import stat

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID

from provenance import keys
from provenance.errors import KeyFileError, KeyPermissionError


def test_secrets_can_be_read_by_their_owner_only(tmp_path):
    keys.signing_keys(tmp_path / "keys")
    keys.mark_key(tmp_path / "keys")
    for secret in ("signing/key.pem", "mark.key"):
        assert stat.S_IMODE((tmp_path / "keys" / secret).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700


def test_keys_are_made_once_and_stay(tmp_path):
    assert keys.signing_keys(tmp_path) == keys.signing_keys(tmp_path)
    assert keys.mark_key(tmp_path) == keys.mark_key(tmp_path)
    assert len(keys.mark_key(tmp_path)) == 32


@pytest.mark.parametrize("secret", ["signing/key.pem", "mark.key"])
def test_a_key_that_others_can_read_is_refused_and_the_text_says_how_to_mend_it(tmp_path, secret):
    keys.signing_keys(tmp_path)
    keys.mark_key(tmp_path)
    (tmp_path / secret).chmod(0o644)
    with pytest.raises(KeyPermissionError, match=f"chmod 600 {tmp_path / secret}"):
        keys.signing_keys(tmp_path)
        keys.mark_key(tmp_path)


def test_a_lost_key_file_is_named(tmp_path):
    keys.signing_keys(tmp_path)
    (tmp_path / "signing" / "chain.pem").unlink()
    with pytest.raises(KeyFileError, match=r"chain\.pem.*backup"):
        keys.signing_keys(tmp_path)
    (tmp_path / "mark.key").write_bytes(b"short")
    (tmp_path / "mark.key").chmod(0o600)
    with pytest.raises(KeyFileError, match="5 bytes instead of 32"):
        keys.mark_key(tmp_path)


def test_the_certificate_has_the_profile_that_readers_accept_and_lasts_ten_years(tmp_path):
    made = keys.signing_keys(tmp_path)
    leaf, issuing = x509.load_pem_x509_certificates(made.chain_pem)
    root = x509.load_pem_x509_certificate(made.root_pem)
    leaf.verify_directly_issued_by(issuing)
    issuing.verify_directly_issued_by(root)
    usage = leaf.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert usage.value.digital_signature
    assert not usage.value.key_cert_sign
    assert list(leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [ExtendedKeyUsageOID.EMAIL_PROTECTION]
    leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    leaf.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    assert leaf.subject.get_attributes_for_oid(x509.NameOID.ORGANIZATION_NAME)
    for certificate in (leaf, issuing, root):
        assert (certificate.not_valid_after_utc - certificate.not_valid_before_utc).days > 3650
    key = serialization.load_pem_private_key(made.key_pem, None)
    assert key.public_key() == leaf.public_key()
    assert made.key_pem.startswith(b"-----BEGIN PRIVATE KEY-----")  # PKCS#8


def test_no_authority_key_is_left_on_disk(tmp_path):
    keys.signing_keys(tmp_path)
    secrets = [path for path in tmp_path.rglob("*") if path.is_file() and b"PRIVATE KEY" in path.read_bytes()]
    assert [path.name for path in secrets] == ["key.pem"]


def test_looking_makes_nothing(tmp_path):
    assert keys.anchors(tmp_path / "none") is None
    assert keys.existing_mark_key(tmp_path / "none") is None
    assert not (tmp_path / "none").exists()
    assert "none yet" in keys.check_keys(tmp_path / "none")


def test_the_check_of_the_keys_names_their_end_and_notices_a_foreign_key(tmp_path):
    keys.signing_keys(tmp_path)
    keys.mark_key(tmp_path)
    assert "valid until 20" in keys.check_keys(tmp_path)
    other = keys.signing_keys(tmp_path / "other")
    (tmp_path / "signing" / "key.pem").write_bytes(other.key_pem)
    with pytest.raises(KeyFileError, match="not the certificate's"):
        keys.check_keys(tmp_path)


def _both(folder, queue):
    queue.put((keys.signing_keys(folder), keys.mark_key(folder)))


def test_two_processes_starting_at_once_agree_on_the_keys(tmp_path):
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    processes = [context.Process(target=_both, args=(tmp_path / "keys", queue)) for _ in range(2)]
    for process in processes:
        process.start()
    first, second = queue.get(timeout=30), queue.get(timeout=30)
    for process in processes:
        process.join()
    assert first == second
    assert not list((tmp_path / "keys").glob(".signing-*"))


def test_a_log_made_before_any_key_keeps_the_keys_folder_to_its_owner(tmp_path):
    from provenance.log.keys import open_signer

    open_signer(tmp_path / "new" / "keys")
    assert stat.S_IMODE((tmp_path / "new" / "keys").stat().st_mode) == 0o700
