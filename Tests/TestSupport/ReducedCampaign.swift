import Foundation
import SelfImprove

/// A nursery campaign with every step of the real one, in about two seconds: models that know almost nothing.
public enum ReducedCampaign {
    /// - Parameter changes: text to replace in the YAML, each found exactly once.
    public static func yaml(_ changes: [(String, String)] = []) -> String {
        var text = base
        for (old, new) in changes {
            precondition(
                text.components(separatedBy: old).count == 2,
                "\"\(old)\" does not stand exactly once in the reduced campaign"
            )
            text = text.replacingOccurrences(of: old, with: new)
        }
        return text
    }

    public static func configuration(_ changes: [(String, String)] = []) throws -> CampaignConfiguration {
        try CampaignConfiguration.parse(yaml(changes), name: "reduced.yaml", directory: URL(fileURLWithPath: "/"))
    }

    private static let base = """
        campaign: reduced
        seed: 5
        nursery:
          kind: learning
          scale: 0.01
        prompts:
          per_round: 48
        mixture:
          proposers: [letters, numbers, words, champion]
          aggregator: words
          temperature: 0.5
          maximum_tokens: 12
          confidence: own
        sft:
          tokens: 3000
          easy_weight: 0.6
          hard_weight: 2
          optimizer: muon
          learning_rate: 0.005
          batch_tokens: 320
        dpo:
          prompts: 24
          beta: 0.1
          epochs: 1
          minimum_pairs: 1
          learning_rate: 0.0003
          batch_tokens: 512
        judges:
          - kind: likelihood
          - kind: agreement
        evaluation:
          gate_prompts: 48
          report_prompts: 36
        gate:
          enabled: false
          resamples: 200
        stop:
          rounds: 2
        """
}
