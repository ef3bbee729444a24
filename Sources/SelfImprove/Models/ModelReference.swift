/// A model as a configuration names it. `ModelReference+Text.swift` in `Configuration/` reads and writes the names.
public enum ModelReference: Sendable, Hashable {
    /// One of the campaign's nursery, by its name there.
    case nursery(String)
    /// A Hugging Face directory, or a GGUF file, by its path.
    case directory(String)
    /// One that the state directory holds, by its whole digest.
    case digest(String)
    /// One behind an OpenAI-compatible endpoint: it answers, and is never trained.
    case endpoint(EndpointSettings)
}
