import Foundation
import ModelFiles

/// A model in the user's place: it goes on from what its template writes before a user's first words.
extension Checkpoint {
    /// - Throws: where the model has no chat template, and what `ChatTemplate.userTurn` throws.
    package func userTurn() throws -> UserTurn {
        guard let template else {
            throw LocalLMError(.unsupported, "the model has no chat template", hint: "add chat_template.jinja")
        }
        return try template.userTurn()
    }

    /// What a turn of the user says, of the ids that were generated: up to the first special token, or the first text
    /// that closes it. The limit of tokens ended it where there is neither.
    package func spoken(_ sequence: GeneratedSequence, closing: [String]) -> (text: String, finishReason: FinishReason)
    {
        let ends = Set(configuration.eosTokenIDs)
        let said = sequence.ids.prefix { !ends.contains($0) && !tokenizer.isSpecial($0) }
        var text = tokenizer.decode(Array(said))
        var isEnded = said.count < sequence.ids.count || sequence.finishReason == .stop
        for end in closing {
            guard let place = text.range(of: end) else { continue }
            text.removeSubrange(place.lowerBound...)
            isEnded = true
        }
        return (text, isEnded ? .stop : .length)
    }
}
