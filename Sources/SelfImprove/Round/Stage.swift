/// The two stages of the method (the paper, section 3): fine-tuning on the mixture's answers, then on its judges'
/// preferences.
public enum Stage: String, Sendable, Codable, CaseIterable, CodingKeyRepresentable {
    case sft, dpo

    /// The step that makes the stage's model.
    public var step: StepName { self == .sft ? .sft : .dpo }
    /// For people.
    public var words: String { rawValue.uppercased() }
}
