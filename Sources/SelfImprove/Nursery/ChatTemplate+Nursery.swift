import ModelFiles

extension ChatTemplate {
    /// `<|ask|>`, `<|aggregate|>` or `<|answer|>`, then the content; an answer ends with `<|end|>`.
    public static let nursery = known(
        "{% for m in messages %}{{ {'system':'<|aggregate|>','user':'<|ask|>','assistant':'<|answer|>'}[m['role']] + m['content'] + "
            + "('<|end|>' if m['role'] == 'assistant' else '') }}{% endfor %}{% if add_generation_prompt %}{{ '<|answer|>' }}{% endif %}"
    )
}
