"""Runs llama-cpp-python's own server; on machines with Intel's AMX without the kernels that crash there."""

from __future__ import annotations

import llama_cpp
from llama_cpp import llama_cpp as engine
from llama_cpp.server.__main__ import main

if b"AMX_INT8 = 1" in engine.llama_print_system_info():
    defaults = engine.llama_model_default_params

    def without_amx() -> object:
        parameters = defaults()
        parameters.use_extra_bufts = False  # ggml-org/llama.cpp issue 20824
        return parameters

    engine.llama_model_default_params = without_amx
    llama_cpp.llama_model_default_params = without_amx

main()
