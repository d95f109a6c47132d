"""Intake: data from any system, in one standard, nothing lost.

sources      who may send, and what they declared about their data
deliveries   what was sent; its row, once done, is the receipt
unpack       files inside .gz, .zst and .zip, with bounds
formats      which format a file is in, by its content
load         one piece of a delivery into the hub, in one transaction
order        which of two versions of a record is the later one
settle       what becomes of a record when facts about it arrive, in whatever order
guard        facts that must not be joined to the record they name
refused      what couldn't be taken, whole, with the reason; correct, replay, dismiss
crew         the processes that load pieces side by side
jobs         background work: deliveries that wait, the drop folder, replays
"""
