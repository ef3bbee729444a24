import Foundation
import Hummingbird
import HummingbirdTesting
import LocalLM
import SelfImprove
import Synchronization
import Testing
import TestSupport

@testable import Server

@Suite(.serialized) struct ServedModelsTests {
    /// Enters a model of random weights into a lineage.
    private static func store(_ configuration: ModelConfiguration, in lineage: Lineage) throws -> String {
        let digest = try lineage.files.store(ServerUnderTest.checkpoint(configuration))
        try lineage.write {
            try ModelRecord(
                digest: digest,
                kind: .nursery,
                settings: JSONText(["test": true]),
                seed: 1,
                createdAt: Date(timeIntervalSince1970: 0)
            ).insert($0)
        }
        return digest
    }

    @Test("While a cold model loads, health and the list of models are answered at once")
    func loadingHoldsNobody() async throws {
        let digest = Mutex("")
        // 170 MB: some tenths of a second to read, hash and pack.
        let configuration = TinyModels.configuration(
            hidden: 768,
            ffn: 2048,
            layers: 6,
            heads: 12,
            kvHeads: 12,
            vocabulary: 80
        )
        try await ServerUnderTest.withDaemon(prepare: { lineage in
            let new = try Self.store(configuration, in: lineage)
            digest.withLock { $0 = new }
        }) { client, _ in
            let model = digest.withLock { $0 }, clock = ContinuousClock()
            let isLoading = Atomic(true)
            async let cold = {
                defer { isLoading.store(false, ordering: .relaxed) }
                return try await client.post(
                    "/v1/completions",
                    "{\"model\":\"\(model)\",\"prompt\":\"the\",\"max_tokens\":1}"
                )
            }()
            var health: [Duration] = [], lists: [Duration] = []
            while isLoading.load(ordering: .relaxed) {
                let began = clock.now
                let isWell = try await client.get("/healthz").status == .ok
                let told = clock.now
                let isListed = try await client.get("/v1/models").status == .ok
                health.append(told - began)
                lists.append(clock.now - told)
                #expect(isWell && isListed)
            }
            #expect(try await cold.status == .ok)
            #expect(health.count > 10, "the model was there at once: nothing was tested")
            let (slowHealth, slowList) = (Self.percentile(health), Self.percentile(lists))
            #expect(slowHealth < .milliseconds(50), "of \(health.count) answers of /healthz")
            #expect(slowList < .milliseconds(50), "of \(lists.count) answers of /v1/models")
        }
    }

    /// The 90th percentile: other tests share the machine.
    private static func percentile(_ values: [Duration]) -> Duration {
        values.sorted()[min(values.count - 1, values.count * 9 / 10)]
    }

    @Test("Requests for one cold model share one load, and at most two models stay")
    func sharing() async throws {
        try await withTemporaryDirectory { state in
            let lineage = try Lineage.open(state: state)
            let sizes = [96, 104, 112]
            let digests = try sizes.map { size in
                try Self.store(TinyModels.configuration(hidden: size, vocabulary: 80), in: lineage)
            }
            let models = ServedModels(.lineage(lineage), threads: 1)
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
            let models = ServedModels(.lineage(lineage), threads: 1)
            await #expect(throws: (any Error).self) { try await models.model(digest) }
            await #expect(throws: SelfImproveError.self) { try await models.model("unknown/champion") }
            try bytes.write(to: weights)
            #expect(try await models.model(digest).id == digest)
        }
    }

    @Test("The queue is bounded: more is refused, and places that are given back can be taken again")
    func queue() async throws {
        let models = ServedModels(
            .single(id: "tiny", try ServerUnderTest.checkpoint(TinyModels.configuration(vocabulary: 80))),
            threads: 1
        )
        try await models.reserve(ServedModels.maximumSequences)
        await #expect(throws: SelfImproveError.self) { try await models.reserve(1) }
        await models.free(2)
        try await models.reserve(2)
    }
}
