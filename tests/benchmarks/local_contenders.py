"""One contender of local.py, in a process of its own: work as JSON on standard input, the outcome as its last line.

    python tests/benchmarks/local_contenders.py NAME < work.json

Work: `model` (a path), `system`, `schema`, `questions`, `max_tokens`, `n_ctx` (tokens for one request), `threads`,
and for the floor the `answers` whose tokens it replays. What comes before the clock starts: loading the model and
one request with another system message, so that vocabularies are read and schemas compiled, while nothing of the
prompts is in any cache. Imports are lazy, because contenders live in environments that exclude one another.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

Work = dict[str, Any]
Answer = Callable[[str, Sequence[str]], list[str]]
"""Answers questions under a system message."""
WARM_UP = ("Fill in the fields.", ["Hello!"])


def without_amx() -> None:
    """Load models without the kernels that crash where Intel's AMX is."""
    from llama_cpp import llama_cpp as engine

    if b"AMX_INT8 = 1" not in engine.llama_print_system_info():
        return
    defaults = engine.llama_model_default_params

    def parameters() -> Any:
        made = defaults()
        made.use_extra_bufts = False  # ggml-org/llama.cpp issue 20824
        return made

    engine.llama_model_default_params = parameters


def messages(system: str, question: str) -> list[dict[str, str]]:
    """The two messages of a request."""
    return [{"role": "system", "content": system}, {"role": "user", "content": question}]


def promptkit(work: Work) -> Answer:
    """All questions at once, each from a thread of its own."""
    from promptkit.backends.llama import LlamaBackend
    from promptkit.messages import Message
    from promptkit.requests import GenerationConfig, OutputSpec, PromptRef, Request
    from promptkit.schemas import OutputSchema

    count = len(work["questions"])
    backend = LlamaBackend(
        work["model"],
        n_ctx=work["n_ctx"],
        n_parallel=count,
        threads=work["threads"],
        deterministic=work.get("deterministic", True),
    )
    output = OutputSpec(schema=OutputSchema.from_json_schema(work["schema"], "ticket"))

    def answer(system: str, questions: Sequence[str]) -> list[str]:
        requests = [
            Request(
                messages=tuple(Message(**message) for message in messages(system, question)),
                output=output,
                generation=GenerationConfig(temperature=0, max_tokens=work["max_tokens"]),
                prompt=PromptRef(name="benchmark"),
            )
            for question in questions
        ]
        with ThreadPoolExecutor(len(requests)) as pool:
            return [completion.text for completion in pool.map(backend.complete, requests)]

    return answer


def promptkit_unified(work: Work) -> Answer:
    """As promptkit, with one store for all requests, where last bits may depend on what is decoded together."""
    return promptkit({**work, "deterministic": False})


def promptkit_alone(work: Work) -> Answer:
    """As promptkit, one question after the other: what decoding together brings is the difference."""
    together = promptkit({**work, "questions": work["questions"][:1]})
    return lambda system, questions: [together(system, [question])[0] for question in questions]


def llama_cpp_python(work: Work) -> Answer:
    """Its chat completion with a schema, one question after the other."""
    llm = llama(work)

    def answer(system: str, questions: Sequence[str]) -> list[str]:
        return [
            llm.create_chat_completion(
                messages(system, question),
                response_format={"type": "json_object", "schema": work["schema"]},
                temperature=0,
                max_tokens=work["max_tokens"],
            )["choices"][0]["message"]["content"]
            for question in questions
        ]

    return answer


def llama(work: Work) -> Any:
    """The model as llama-cpp-python loads it."""
    from llama_cpp import Llama

    return Llama(
        work["model"],
        n_ctx=work["n_ctx"],
        n_threads=work["threads"],
        n_threads_batch=work["threads"],
        verbose=False,
    )


def outlines(work: Work) -> Answer:
    """Its generator for the schema over llama-cpp-python, one question after the other."""
    import outlines as library

    generator = library.Generator(
        library.from_llamacpp(llama(work)), library.types.JsonSchema(json.dumps(work["schema"]))
    )

    def answer(system: str, questions: Sequence[str]) -> list[str]:
        return [
            generator(
                library.inputs.Chat(messages(system, question)), temperature=0, max_tokens=work["max_tokens"]
            )
            for question in questions
        ]

    return answer


def guidance(work: Work) -> Answer:
    """Its JSON for the schema over llama-cpp-python, one question after the other."""
    import guidance as library
    from guidance.chat import ChatMLTemplate

    model = library.models.LlamaCpp(
        work["model"],
        echo=False,
        enable_monitoring=False,
        chat_template=ChatMLTemplate,
        n_ctx=work["n_ctx"],
        n_threads=work["threads"],
        n_threads_batch=work["threads"],
    )

    def answer(system: str, questions: Sequence[str]) -> list[str]:
        texts: list[str] = []
        for question in questions:
            lm = model
            with library.system():
                lm += system
            with library.user():
                lm += question
            with library.assistant():
                lm += library.json(
                    name="answer", schema=work["schema"], temperature=0, max_tokens=work["max_tokens"]
                )
            texts.append(lm["answer"])
        return texts

    return answer


def floor(work: Work) -> Answer:
    """The tokens of known answers, decoded together by llama.cpp alone: no masks, no choice, no bookkeeping.

    The shared beginning is decoded once, then every prompt's rest, then one batch a step: of each answer the next
    token that a model has to choose, and those after it that the schema leaves no choice about.
    """
    import llama_cpp.llama_cpp as engine

    llm = llama({**work, "n_ctx": 256})
    spelled = stepped(llm, work["schema"], work["answers"])
    context = open_context(engine, llm, work)
    batch = engine.llama_batch_init(4096, 0, 1)

    def decode(rows: Sequence[tuple[int, int, Sequence[int]]]) -> None:
        if not rows:
            return
        batch.n_tokens = 0
        for sequence, start, tokens in rows:
            for index, token in enumerate(tokens):
                at = batch.n_tokens
                batch.token[at], batch.pos[at] = token, start + index
                batch.n_seq_id[at], batch.seq_id[at][0] = 1, sequence
                batch.logits[at] = index == len(tokens) - 1
                batch.n_tokens += 1
        if code := engine.llama_decode(context, batch):
            raise SystemExit(f"llama.cpp could not decode {batch.n_tokens} tokens (code {code})")

    def answer(system: str, questions: Sequence[str]) -> list[str]:
        prompts = [prompt(llm, system, question) for question in questions]
        shared = min(beginning(prompts), len(prompts[0]) - 1)
        memory = engine.llama_get_memory(context)
        engine.llama_memory_clear(memory, True)
        decode([(0, 0, prompts[0][:shared])])
        for sequence in range(1, len(prompts)):
            engine.llama_memory_seq_cp(memory, 0, sequence, -1, -1)
        decode([(sequence, shared, tokens[shared:]) for sequence, tokens in enumerate(prompts)])
        lengths = [len(tokens) for tokens in prompts]
        # Nothing is chosen after an answer's last step, so it is not decoded.
        for column in itertools.zip_longest(
            *(groups[:-1] for groups in spelled[: len(prompts)]), fillvalue=()
        ):
            decode([(at, lengths[at], tokens) for at, tokens in enumerate(column) if tokens])
            lengths = [length + len(tokens) for length, tokens in zip(lengths, column, strict=True)]
        return list(work["answers"][: len(prompts)])

    return answer


def open_context(engine: Any, llm: Any, work: Work) -> Any:
    """Room for every request: one store for all, which decodes fastest, or one for each where that is asked for."""
    params = engine.llama_context_default_params()
    count = len(work["questions"])
    params.n_ctx = work["n_ctx"] * count
    params.n_batch, params.n_seq_max = 4096, count
    params.n_threads = params.n_threads_batch = work["threads"]
    params.kv_unified = not work.get("split")
    return engine.llama_init_from_model(llm.model, params)


def floor_split(work: Work) -> Answer:
    """As the floor, with a store for each sequence, which is what makes scores independent of their company."""
    return floor({**work, "split": True})


def prompt(llm: Any, system: str, question: str) -> list[int]:
    """The tokens of a request in the ChatML form."""
    text = "".join(
        f"<|im_start|>{it['role']}\n{it['content']}<|im_end|>\n" for it in messages(system, question)
    )
    return list(llm.tokenize(f"{text}<|im_start|>assistant\n".encode(), add_bos=False, special=True))


def beginning(prompts: Sequence[Sequence[int]]) -> int:
    """How many tokens all prompts have in common at their beginning."""
    columns = zip(*prompts, strict=False)
    return sum(1 for _ in itertools.takewhile(lambda column: len(set(column)) == 1, columns))


def stepped(llm: Any, schema: Any, texts: Sequence[str]) -> list[list[list[int]]]:
    """Each answer's tokens by steps: what is chosen, followed by what the schema then leaves no choice about."""
    from llama_cpp import llama_model_get_vocab
    from llguidance import LLMatcher
    from llguidance.llamacpp import lltokenizer_from_vocab

    compact = {"whitespace_flexible": False, "item_separator": ",", "key_separator": ":"}
    grammar = LLMatcher.grammar_from_json_schema(json.dumps(schema), overrides=compact)
    tokenizer = lltokenizer_from_vocab(llama_model_get_vocab(llm.model))
    return [steps(llm, LLMatcher(tokenizer, grammar), text) for text in texts]


def steps(llm: Any, matcher: Any, text: str) -> list[list[int]]:
    """One answer's tokens; the first step holds what is forced before anything is chosen."""
    groups: list[list[int]] = [[]]
    rest = text.encode()
    while rest:
        if tokens := matcher.compute_ff_tokens():
            groups[-1] += tokens
        else:
            # The tokens of the rest, as if chosen one by one; what was forced before may have split it anew.
            tokens = llm.tokenize(rest, add_bos=False, special=False)[:1]
            groups.append(list(tokens))
        if not matcher.consume_tokens(tokens):
            raise SystemExit(f"the schema does not take {text!r} at {rest!r}: {matcher.get_error()}")
        rest = rest[sum(len(llm.detokenize([token])) for token in tokens) :]
    return groups


CONTENDERS: dict[str, Callable[[Work], Answer]] = {
    "promptkit": promptkit,
    "promptkit-unified": promptkit_unified,
    "promptkit-alone": promptkit_alone,
    "llama-cpp-python": llama_cpp_python,
    "outlines": outlines,
    "guidance": guidance,
    "floor": floor,
    "floor-split": floor_split,
}


@contextlib.contextmanager
def measured(outcome: dict[str, Any], name: str) -> Iterator[None]:
    """Note wall and processor seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    outcome[f"{name}_s"] = time.perf_counter() - wall
    outcome[f"{name}_cpu_s"] = time.process_time() - cpu


def main() -> None:
    """Run one contender."""
    work = json.load(sys.stdin)
    outcome: dict[str, Any] = {}
    with measured(outcome, "load"):
        without_amx()
        answer = CONTENDERS[sys.argv[1]](work)
        answer(*WARM_UP)
    with measured(outcome, "run"):
        outcome["answers"] = answer(work["system"], work["questions"])
    print(json.dumps(outcome), flush=True)


if __name__ == "__main__":
    main()
