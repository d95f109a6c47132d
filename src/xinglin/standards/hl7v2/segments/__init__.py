"""What each segment means for the records of a message."""

from collections.abc import Callable, Mapping
from typing import Final

from xinglin.standards.hl7v2.context import Context
from xinglin.standards.hl7v2.message import Segment
from xinglin.standards.hl7v2.segments import (
    clinical,
    documents,
    finance,
    medication,
    orders,
    patient,
    referral,
    results,
    schedule,
    visit,
)

Handler = Callable[[Context, Segment], None]

HANDLERS: Final[Mapping[str, Handler]] = {
    "PID": patient.pid,
    "PD1": patient.pd1,
    "NK1": patient.nk1,
    "MRG": patient.mrg,
    "PV1": visit.pv1,
    "PV2": visit.pv2,
    "AL1": clinical.al1,
    "IAM": clinical.iam,
    "DG1": clinical.dg1,
    "PRB": clinical.prb,
    "PR1": clinical.pr1,
    "ORC": orders.orc,
    "OBR": orders.obr,
    "TQ1": orders.tq1,
    "OBX": results.obx,
    "NTE": results.nte,
    "SPM": results.spm,
    "SAC": results.sac,
    "RXO": medication.rxo,
    "RXE": medication.rxe,
    "RXD": medication.rxd,
    "RXA": medication.rxa,
    "RXR": medication.rxr,
    "IN1": finance.in1,
    "GT1": finance.gt1,
    "FT1": finance.ft1,
    "SCH": schedule.sch,
    "AIS": schedule.booked,
    "AIG": schedule.booked,
    "AIL": schedule.booked,
    "AIP": schedule.booked,
    "TXA": documents.txa,
    "RF1": referral.rf1,
    "PRD": referral.prd,
}

SAYS_NOTHING: Final = frozenset(("MSH", "EVN", "SFT", "UAC", "RGS", "MSA"))
"""Segments about the message itself, or that only group others."""
