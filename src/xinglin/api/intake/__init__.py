"""Intake over HTTP: deliveries and their receipts, the refused queue. JSON; errors are OperationOutcomes."""
