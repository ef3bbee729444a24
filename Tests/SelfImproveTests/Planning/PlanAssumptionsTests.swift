import Foundation
import ModelFiles
import TestSupport
import Testing

@testable import LocalLM
@testable import SelfImprove

/// Plans of campaigns whose models and files are not there yet.
@Suite struct PlanAssumptionsTests {
    private func shipped(_ name: String, in folder: URL) throws -> URL {
        let configs = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("configs")
        let file = folder.appendingPathComponent("\(name).yaml")
        try FileManager.default.copyItem(at: configs.appendingPathComponent("\(name).yaml"), to: file)
        return file
    }

    @Test(
        "What is not there yet is told, and is a fault wherever it is needed",
        arguments: ["self-improvement", "hosted-peers", "ollama"]
    ) func absent(name: String) throws {
        try withTemporaryDirectory { folder in
            let file = try shipped(name, in: folder.appendingPathComponent("configs", isDirectory: true).made())
            let (configuration, found) = try CampaignConfiguration.planned(file)
            let assumptions = try #require(found)
            #expect(assumptions.absent.count == 4, "student, prompts, gate, report: \(assumptions.absent)")
            #expect(assumptions.lacks(configuration.student))
            let prompts = try PlannedPrompts.measure(configuration, assumptions)
            #expect(prompts.pool?.prompts == assumptions.prompts)
            #expect(throws: ConfigurationFaults.self) { try CampaignConfiguration.read(file) }
        }
    }

    @Test("Without the section, and without the student's shape, what is missing stays a fault") func faults() throws {
        try withTemporaryDirectory { folder in
            let file = try shipped("ollama", in: folder.appendingPathComponent("configs", isDirectory: true).made())
            let text = try String(contentsOf: file, encoding: .utf8)
            for (old, new) in [
                ("plan: {student: 135M,", "other: {student: 135M,"), ("plan: {student: 135M,", "plan: {"),
            ] {
                try Data(text.replacingOccurrences(of: old, with: new).utf8).write(to: file)
                #expect(throws: ConfigurationFaults.self) { try CampaignConfiguration.planned(file) }
            }
            try Data(text.replacingOccurrences(of: "135M", with: "hidden=5").utf8).write(to: file)
            let error = #expect(throws: ConfigurationFaults.self) { try CampaignConfiguration.planned(file) }
            #expect("\(error!)".contains("a shape needs hidden, layers, heads, ffn and vocab"))
        }
    }

    @Test("What the aggregator is shown is held against what it reads") func contexts() throws {
        try withTemporaryDirectory { folder in
            let file = try shipped(
                "self-improvement",
                in: folder.appendingPathComponent("configs", isDirectory: true).made()
            )
            let (configuration, assumptions) = try CampaignConfiguration.planned(file)
            var basis = PlanningBasis(
                parameters: 1,
                promptTokens: 150,
                answerTokens: 350,
                sequenceTokens: 500,
                trainingSpeed: 1,
                decodingSpeed: 1
            )
            let shape = try #require(assumptions?.student)
            #expect(shape.maximumPositions == 8192 && shape.headDimension == 256)
            #expect((9_000_000_000..<9_500_000_000).contains(WeightLayout(shape).count))
            basis.positions = [configuration.student: shape.maximumPositions]
            let context = try #require(PlannedContext.all(configuration, basis).first)
            let words = AggregationPrompt.moa.tokens
            #expect((120..<200).contains(words))
            #expect(context.name == "initial" && context.positions == 8192)
            #expect(context.tokens == 150 + words + 3 * 350 + 350 && context.most == 150 + words + 3 * 2048 + 2048)
        }
    }
}

extension URL {
    /// The directory, made.
    fileprivate func made() throws -> URL {
        try FileManager.default.createDirectory(at: self, withIntermediateDirectories: true)
        return self
    }
}
