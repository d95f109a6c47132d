"""Clinical documents that are broken, strange or hostile: taken rightly or refused with a reason."""

import io
import time
from zoneinfo import ZoneInfo

import pytest

from xinglin.core.errors import IntakeError
from xinglin.standards.cda import ClinicalDocuments
from xinglin.standards.conversion import Item, Origin

CDA = ClinicalDocuments()
HEAD = '<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
BODY = (
    '<id root="2.16.156.10011.1.1" extension="D1"/><code code="C0002" codeSystem="2.16.156.10011.2.4"/>'
    "<title>门诊病历</title><recordTarget><patientRole><patient><name>测试患者甲乙丙丁</name></patient></patientRole>"
    "</recordTarget>"
)
PLAIN = f"{HEAD}{BODY}</ClinicalDocument>"
ORIGIN = Origin("s", "i", "医院", "h", ZoneInfo("Asia/Shanghai"))


def read(raw: bytes, charset: str | None = None) -> Item:
    sender = Origin("s", "i", "医院", "h", ZoneInfo("Asia/Shanghai"), charset)
    (item,) = [item for piece in CDA.pieces(io.BytesIO(raw), sender) for item in CDA.items(piece, sender)]
    assert item.raw == raw
    assert (item.error is None) == bool(item.facts)
    return item


def refused(raw: bytes | str) -> IntakeError:
    error = read(raw.encode() if isinstance(raw, str) else raw).error
    assert isinstance(error, IntakeError)
    assert error.text("zh") != error.text("en")
    return error


def name(item: Item) -> str:
    (found,) = [fact.resource for fact in item.facts if fact.resource["resourceType"] == "Patient"]
    return found["name"][0]["text"]


@pytest.mark.parametrize(
    ("declared", "codec"),
    [
        ("UTF-8", "utf-8"),
        ("utf-8", "utf-8-sig"),
        ("GB18030", "gb18030"),
        ("gb2312", "gbk"),
        ("GBK", "gbk"),
        ("UTF-16", "utf-16"),
        ("UTF-16", "utf-16-le"),
        ("UTF-16", "utf-16-be"),
        # What is declared is wrong here, and the bytes prove it.
        ("GB2312", "utf-8"),
    ],
)
def test_character_sets(declared: str, codec: str):
    raw = f'<?xml version="1.0" encoding="{declared}"?>\n{PLAIN}'.encode(codec)
    assert CDA.recognises(raw[:65536])
    assert name(read(raw)) == "测试患者甲乙丙丁"


def test_undeclared_character_sets():
    assert name(read(PLAIN.encode("gbk"))) == "测试患者甲乙丙丁"
    assert name(read(PLAIN.encode("gbk"), "GBK")) == "测试患者甲乙丙丁"


def test_bytes_that_are_not_what_is_declared():
    error = refused(f'<?xml version="1.0" encoding="UTF-8"?>{PLAIN}'.encode("gbk"))
    assert error.code == "XL7001"


BOMB = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    "doctype",
    [
        f'<!DOCTYPE x [<!ENTITY e0 "lol">{BOMB}]>',
        '<!DOCTYPE x [<!ENTITY e9 SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/evil.dtd">',
        '<!-- a --><?p i?>\n <!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:9/">%p;]>',
        f'<!DOCTYPE x [<!ENTITY e9 "{"a" * 1_000_000}">]>',
    ],
)
def test_document_types_are_refused(doctype: str):
    for declaration in ("", '<?xml version="1.0"?>'):
        text = f"{declaration}{doctype}{HEAD}{BODY.replace('门诊病历', '&e9;')}</ClinicalDocument>"
        assert refused(text).code == "XL7302"
        assert refused(text.encode("utf-16")).code == "XL7302"


def test_deep_nesting():
    depth = 100_000
    assert refused(f"{HEAD}{BODY}{'<a>' * depth}{'</a>' * depth}</ClinicalDocument>").code == "XL7301"
    sections = "<component><section>" * 90, "</section></component>" * 90
    assert read(f"{HEAD}{BODY}{''.join(sections)}</ClinicalDocument>".encode()).error is None


def test_too_many_elements():
    assert refused(f"{HEAD}{BODY}{'<a/>' * 700_000}</ClinicalDocument>").code == "XL7303"


def test_a_huge_text():
    with pytest.raises(IntakeError) as caught:
        list(CDA.pieces(io.BytesIO(f"{HEAD}<text>{'x' * 100_000_000}".encode()), ORIGIN))
    assert caught.value.code == "XL7300"
    assert refused(f"{HEAD}{BODY}<text>{'x' * 20_000_000}</text></ClinicalDocument>").code == "XL7301"


def test_a_long_prolog_is_read_in_time():
    start = time.perf_counter()
    for filler in (" \n" * 500_000, "<!-- - -->" * 100_000, "<!--" + "-" * 1_000_000):
        read(f"{filler}{PLAIN}".encode())
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize(
    "raw",
    [
        f"<Documents>{PLAIN}{PLAIN}</Documents>",
        f'<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Body>{PLAIN}</Body></Envelope>',
        PLAIN.replace("urn:hl7-org:v3", "urn:hl7-org:v2"),
    ],
)
def test_envelopes_are_refused(raw: str):
    assert refused(raw).code == "XL7304"


def test_documents_behind_each_other_are_refused():
    error = refused(f"{PLAIN}\n{PLAIN}")
    assert error.code == "XL7301"
    assert "behind the end" in error.text()
    assert "line 2" in error.text()


def test_half_a_document_names_the_line():
    error = refused(f'<?xml version="1.0"?>\n{HEAD}\n{BODY}\n<component>')
    assert error.code == "XL7301"
    assert "line 4" in error.text()


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('<id root="2.16.156.10011.1.1" extension="D1"/>', "<id/>", "XL7305"),
        ("<recordTarget>", "<recordTarget/><x>", "XL7301"),
        ("</recordTarget>", "</recordTarget><recordTarget><patientRole/></recordTarget>", "XL7306"),
        ("<patientRole>", "<patientRole/><x/><patientRole>", "XL7306"),
        ("<title>", '<versionNumber value="-1"/><title>', "XL7307"),
        ("门诊病历", "&nbsp;", "XL7301"),
        ("门诊病历", "\x01", "XL7301"),
    ],
)
def test_what_is_missing_is_said(old: str, new: str, code: str):
    assert refused(PLAIN.replace(old, new)).code == code


def test_nobody():
    assert refused(f'{HEAD}<id root="1.2" extension="1"/></ClinicalDocument>').code == "XL7306"


@pytest.mark.parametrize(
    "start", [b"", b"{}", b"MSH|^~\\&|", b"<Bundle xmlns='http://hl7.org/fhir'/>", b"<html/>"]
)
def test_other_files_are_not_recognised(start: bytes):
    assert not CDA.recognises(start)


def test_a_prefix_is_as_good_as_none():
    text = PLAIN.replace("<", "<h:").replace("<h:/", "</h:").replace("xmlns=", "xmlns:h=")
    assert CDA.recognises(text.encode())
    assert name(read(text.encode())) == "测试患者甲乙丙丁"


@pytest.mark.parametrize("sample", ["C0007_lab_report", "C0053_discharge_summary"])
def test_documents_cut_off_anywhere(shared, sample: str):
    whole = shared(f"reference/national/cda/synthetic/{sample}.xml").read_bytes()
    for end in [*range(0, len(whole) - 20, 97), *range(0, len(whole) - 20, 1024)]:
        refused(whole[:end])


def test_many_entries_are_read_in_time():
    one = (
        '<entry><observation><code code="DE05.01.024.00"/><value xsi:type="CD" code="I10" displayName="{n}"/>'
        '</observation></entry><entry><observation><code code="{n}"/></observation></entry>'
    )
    many = "".join(one.format(n=n) for n in range(15_000))
    body = f'<component><section><code code="29548-5"/>{many}</section></component>'
    start = time.perf_counter()
    item = read(f"{HEAD}{BODY}{body}</ClinicalDocument>".encode())
    assert time.perf_counter() - start < 20
    assert sum(fact.resource["resourceType"] == "Condition" for fact in item.facts) == 15_000


def test_entries_within_entries():
    inside = '<entryRelationship><observation><code code="DE05.01.024.00"/>' * 110
    ends = "</observation></entryRelationship>" * 110
    entry = f"<entry><observation><code/>{inside}{ends}</observation></entry>"
    body = f"<component><section>{entry}</section></component>"
    assert read(f"{HEAD}{BODY}{body}</ClinicalDocument>".encode()).error is None
