"""Chat templates in the shapes that models have them, and those of llama.cpp where it lies here."""

from __future__ import annotations

from pathlib import Path

# Knows a system and nothing of tools, as SmolLM2's.
CHATML = """{% for message in messages %}
{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
{%- endfor %}
{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"""

# Knows tools, calls and results, and when not to think, as Qwen 3's.
HERMES = """{% if tools %}<|im_start|>system
{% if messages[0].role == 'system' %}{{ messages[0].content + '\\n' }}{% endif %}
Answer with <tool_call>\\n{"name": .., "arguments": ..}\\n</tool_call> to call one of:
{% for tool in tools %}{{ tool | tojson + '\\n' }}{% endfor %}<|im_end|>
{% elif messages[0].role == 'system' %}
{{ '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
{%- endif %}
{% for message in messages %}
{% if message.role == 'tool' %}
{{ '<|im_start|>user\\n<tool_response>' + message.content + '</tool_response><|im_end|>\\n' }}
{%- elif not (loop.first and message.role == 'system') %}
{{ '<|im_start|>' + message.role + '\\n' + message.content }}
{%- for call in message.tool_calls %}
{{ '<tool_call>\\n' + call.function | tojson + '\\n</tool_call>' }}
{%- endfor %}
{{ '<|im_end|>\\n' }}
{%- endif %}
{% endfor %}
{% if add_generation_prompt %}
{{ '<|im_start|>assistant\\n' }}
{%- if enable_thinking is false %}{{ '<think>\\n\\n</think>\\n\\n' }}{% endif %}
{% endif %}"""

# Refuses a system and two of one role in a row, as Gemma's.
NO_SYSTEM = """{{ bos_token }}
{%- if messages[0]['role'] == 'system' %}{{ raise_exception('no system here') }}{% endif %}
{% for message in messages %}
{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}
{{ raise_exception('roles must alternate') }}
{%- endif %}
{{ '<start>' + message['role'] + '\\n' + message['content'] | trim + '<end>\\n' }}
{%- endfor %}
{{ '<start>model\\n' }}"""

# Writes the day, calls with ids of nine characters, as Mistral's.
MISTRAL = """{{ bos_token + '[DAY]' + strftime_now('%Y-%m-%d') }}
{%- for message in messages %}
{% if message.role == 'user' %}
{% if tools %}{{ '[AVAILABLE_TOOLS]' + tools | tojson + '[/AVAILABLE_TOOLS]' }}{% endif %}
{{ '[INST]' + message.content + '[/INST]' }}
{%- elif message.role == 'system' %}
{{ '[SYSTEM_PROMPT]' + message.content + '[/SYSTEM_PROMPT]' }}
{%- elif message.role == 'tool' %}
{% if message.tool_call_id | length != 9 %}{{ raise_exception('nine characters') }}{% endif %}
{{ '[TOOL_RESULTS]' + message.tool_call_id + message.content + '[/TOOL_RESULTS]' }}
{%- elif message.tool_calls %}
{% for call in message.tool_calls %}
{{ '[TOOL_CALLS]' + call.function.name + '[ARGS]' + call.function.arguments | tojson + call.id }}
{%- endfor %}
{% else %}{{ message.content + eos_token }}
{%- endif %}
{% endfor %}"""

# Always begins a thought, as those of models that only think.
THINKER = CHATML.replace("assistant\\n' }}", "assistant\\n<think>\\n' }}")

# Takes contents in parts, as those of models that see pictures.
PARTS = """{% for message in messages %}{{ message.role }}:
{% for part in message.content %}
{% if part.type == 'text' %}{{ part.text }}{% endif %}
{% endfor %}
{% endfor %}>"""


def of_llama_cpp() -> list[Path]:
    """The templates of real models that llama-cpp-python's source package carries, where the
    benchmark unpacked it; none where it did not.
    """
    unpacked = Path.home() / ".cache" / "lares-bench"
    return sorted(unpacked.glob("llama_cpp_python-*/vendor/llama.cpp/models/templates/*.jinja"))
