import Testing

@testable import SelfImprove

@Suite struct ServedModelNameTests {
    @Test(
        "the same model under a fuller name is the model that was asked",
        arguments: [
            ("gpt-4o", "gpt-4o"), ("gpt-4o", "gpt-4o-2024-08-06"), ("gpt-3.5-turbo", "gpt-3.5-turbo-0125"),
            ("gemini-1.5-pro", "models/gemini-1.5-pro-001"), ("models/gemini-pro", "gemini-pro"),
            ("meta-llama/Llama-3.1-8B", "Llama-3.1-8b"), ("llama3", "llama3:latest"), ("llama3:latest", "llama3"),
            ("Qwen/Qwen2.5-0.5B", "Qwen/Qwen2.5-0.5B@main"), ("mistral-7b", "mistral-7b-v0.3"),
            ("claude-3-5-haiku-latest", "claude-3-5-haiku-20241022"), ("m.gguf", "/srv/models/m.gguf"),
        ]
    )
    func same(_ asked: String, _ said: String) { #expect(ServedModelName.matches(asked: asked, said: said)) }

    @Test(
        "another model is another model",
        arguments: [
            ("gpt-4o", "gpt-4o-mini"), ("gpt-4o-mini", "gpt-4o"), ("llama-3", "llama-3.1"), ("llama-3", "llama-3-8b"),
            ("gpt-4o-2024-08-06", "gpt-4o"), ("gpt-4o-2024-08-06", "gpt-4o-2024-11-20"), ("a/x", "b/x"), ("x", "xx"),
            ("llama3", "llama3:70b"), ("m", ""), ("", "m"), ("/", "m"), ("m", "@"), ("m", "m@"), ("m", "m-"),
        ]
    )
    func different(_ asked: String, _ said: String) { #expect(!ServedModelName.matches(asked: asked, said: said)) }
}
