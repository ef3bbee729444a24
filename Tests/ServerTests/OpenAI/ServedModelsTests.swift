import Foundation
import LocalLM
import ModelFiles
import Testing
import TestSupport

@testable import SelfImprove
@testable import Server

@Suite struct ServedModelsTests {
    /// Enters a model of random weights into a lineage.
    private static func store(_ configuration: ModelConfiguration, in lineage: Lineage) throws -> String {
        try lineage.enter(TinyModels.spelling(configuration))
    }

    @Test("Requests for one cold model share one load, and at most two models stay")
    func sharing() async throws {
        try await withTemporaryDirectory { state in
            let lineage = try Lineage.open(state: state)
            let sizes = [96, 104, 112]
            let digests = try sizes.map { size in
                try Self.store(TinyModels.configuration(hidden: size, vocabulary: 80), in: lineage)
            }
            let models = try ServedModels(.lineage(lineage), threads: 1)
            let same = try await withThrowingTaskGroup(of: ServedModel.self) { group in
                for _ in 0..<8 { group.addTask { try await models.model(digests[0]) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(same.map { ObjectIdentifier($0) }).count == 1)
            let all = try await withThrowingTaskGroup(of: (Int, ServedModel).self) { group in
                for index in 0..<9 { group.addTask { (index % 3, try await models.model(digests[index % 3])) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            for (index, model) in all {
                #expect(model.checkpoint.configuration.hiddenSize == sizes[index], "nobody gets another's model")
            }
            let last = try await models.model(digests[2])
            #expect(try await models.model(digests[2]) === last)
            _ = try await models.model(digests[0])
            _ = try await models.model(digests[1])
            #expect(try await models.model(digests[2]) !== last, "two others were asked since")
        }
    }

    @Test("A model is described under any of its names, with a slash, escaped or not")
    func retrieving() async throws {
        try await ServerUnderTest.withDaemon(prepare: {
            _ = try Self.store(TinyModels.configuration(vocabulary: 80), in: $0)
        }) {
            client,
            daemon in
            let digest = try #require(try daemon.lineage.models().first?.digest)
            for name in [digest, String(digest.prefix(12))] {
                #expect(try await client.get("/v1/models/\(name)").text.contains("\"id\":\"\(name)\""))
            }
            for name in ["nobody/champion", "nobody%2Fchampion"] {
                let missing = try await client.get("/v1/models/\(name)")
                #expect(missing.status == .notFound && missing.text.contains("nobody/champion: there is no model"))
            }
        }
    }

    @Test("A model that fails to load fails for those who asked, and can be asked again")
    func failing() async throws {
        try await withTemporaryDirectory { state in
            let lineage = try Lineage.open(state: state)
            let digest = try Self.store(TinyModels.configuration(vocabulary: 80), in: lineage)
            let weights = lineage.files.modelDirectory(digest).appendingPathComponent("model.safetensors")
            let bytes = try Data(contentsOf: weights)
            var damaged = bytes
            damaged[damaged.count - 1] ^= 1
            try damaged.write(to: weights)
            let models = try ServedModels(.lineage(lineage), threads: 1)
            await #expect(throws: (any Error).self) { try await models.model(digest) }
            await #expect(throws: SelfImproveError.self) { try await models.model("unknown/champion") }
            try bytes.write(to: weights)
            #expect(try await models.model(digest).id == digest)
        }
    }

    @Test("The queue is bounded: more is refused, and places that are given back can be taken again")
    func queue() async throws {
        let models = try ServedModels(
            .single(id: "tiny", try TinyModels.spelling()),
            threads: 1
        )
        try await models.reserve(ServedModels.maximumSequences)
        await #expect(throws: SelfImproveError.self) { try await models.reserve(1) }
        await models.free(2)
        try await models.reserve(2)
    }
}
