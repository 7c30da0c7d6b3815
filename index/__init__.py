"""Articles and their sentences, kept and found."""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # ONNX Runtime, imported further on, reports to its makers unless told not to
