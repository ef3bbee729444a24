import Foundation
import LocalLM
import ModelFiles

/// GGUF files: what is accepted lies in the file, becomes finite weights of the shapes that it says, and a tokenizer
/// whose ids have rows.
struct GGUFTarget: FuzzTarget {
    static let name = "gguf"

    private static let texts = [
        "", " the  in\n12", "a ab é 漢 <s></s> <|im_end|>\u{0}", String(repeating: "ab ", count: 40),
    ]
    private static let edges: [UInt32] = [
        0, 1, 2, 3, 4, 7, 8, 16, 31, 32, 33, 63, 64, 255, 256, 4096, 4097, 65_535, 1 << 22, 1 << 31, .max,
    ]
    private static let largeEdges: [UInt64] = [
        0, 1, 1 << 31, 1 << 32, 1 << 40, 1 << 48, 1 << 62, 1 << 63, .max - 31, .max,
    ]

    private let url: URL
    private let file: InputFile
    private let seeds = GGUFSeeds.all()
    private let texts = Mutator(words: GGUFSeeds.words)

    init(folder: URL) throws {
        url = folder.appendingPathComponent("model.gguf")
        file = try InputFile(url)
    }

    // MARK: Inputs

    func input(_ random: inout RandomStream) -> FuzzInput {
        var image = random.element(of: seeds)
        if !random.one(in: 6) {
            for _ in 0..<random.small() {
                random.one(in: 2) ? mutateKey(&image, &random) : mutateTensor(&image, &random)
            }
        }
        if random.one(in: 12) { image.version = random.element(of: [0, 1, 2, 3, 4, 3 << 24, .max]) }
        if random.one(in: 24) {
            image.counts = (random.element(of: Self.largeEdges), random.element(of: Self.largeEdges))
        }
        var bytes = image.bytes
        if random.one(in: 4) { mutateHead(&bytes, &random) }
        if random.one(in: 16) { texts.mutate(&bytes, with: random.element(of: seeds).bytes, &random) }
        return [bytes]
    }

    /// The Mutator would mostly meet tensors' numbers.
    private func mutateHead(_ bytes: inout [UInt8], _ random: inout RandomStream) {
        for _ in 0..<random.small() {
            let at = random.integer(below: min(bytes.count, 3000))
            switch random.integer(below: 3) {
            case 0: bytes[at] ^= UInt8(1 << random.integer(below: 8))
            case 1: bytes[at] = UInt8(random.integer(below: 256))
            default:
                let edge = GGUFImage.little(random.element(of: Self.largeEdges))
                for (index, byte) in edge.enumerated() where at + index < bytes.count { bytes[at + index] = byte }
            }
        }
    }

    private func mutateKey(_ image: inout GGUFImage, _ random: inout RandomStream) {
        let at = random.integer(below: image.metadata.count)
        switch random.integer(below: 8) {
        case 0: image.metadata.remove(at: at)
        case 1: image.metadata.append(image.metadata[at])
        case 2: image.metadata[at].key = random.element(of: GGUFSeeds.words)
        case 3: image.metadata.append((random.element(of: GGUFSeeds.words), value(&random)))
        case 4: image.metadata[at].value = value(&random)
        default: image.metadata[at].value = mutated(image.metadata[at].value, &random)
        }
        if image.metadata.isEmpty { image.metadata.append(("general.architecture", .text("llama"))) }
    }

    private func value(_ random: inout RandomStream) -> GGUFImage.Value {
        switch random.integer(below: 7) {
        case 0: .number(random.element(of: Self.edges))
        case 1: .real(random.element(of: [0, -1, 1, 1e-30, 1e30, .infinity, .nan, 10_000]))
        case 2: .flag(random.one(in: 2))
        case 3: .text(random.element(of: GGUFSeeds.words))
        case 4: .texts((0..<random.integer(below: 6)).map { _ in random.element(of: GGUFSeeds.words) })
        case 5: .integers((0..<random.integer(below: 6)).map { _ in Int32(random.integer(below: 8)) })
        default:
            .other(
                type: UInt32(random.integer(below: 15)),
                bytes: [UInt8](repeating: 1, count: random.integer(below: 24))
            )
        }
    }

    private func mutated(_ value: GGUFImage.Value, _ random: inout RandomStream) -> GGUFImage.Value {
        func changed<Element>(_ list: [Element], _ element: (inout RandomStream) -> Element) -> [Element] {
            var list = list
            guard !list.isEmpty else { return [element(&random)] }
            let at = random.integer(below: list.count)
            switch random.integer(below: 4) {
            case 0: list.remove(at: at)
            case 1: list.insert(list[at], at: random.integer(below: list.count))
            default: list[at] = element(&random)
            }
            return list
        }
        switch value {
        case .number(let number): return .number(random.one(in: 2) ? random.element(of: Self.edges) : number &+ 1)
        case .text(let text):
            var bytes = Array(text.utf8)
            texts.mutate(&bytes, with: Array(GGUFSeeds.words.joined().utf8), &random)
            return .text(String(decoding: bytes, as: UTF8.self))
        case .texts(let list): return .texts(changed(list) { $0.element(of: GGUFSeeds.words) })
        case .integers(let list): return .integers(changed(list) { Int32($0.integer(below: 8)) })
        case .reals(let list): return .reals(changed(list) { Float($0.integer(below: 8)) - 4 })
        case .real, .flag, .other: return self.value(&random)
        }
    }

    private func mutateTensor(_ image: inout GGUFImage, _ random: inout RandomStream) {
        guard !image.tensors.isEmpty else { return }
        let at = random.integer(below: image.tensors.count)
        switch random.integer(below: 9) {
        case 0: image.tensors.remove(at: at)
        case 1: image.tensors.append(image.tensors[at])
        case 2: image.tensors[at].name = random.element(of: GGUFSeeds.words + image.tensors.map(\.name))
        case 3: image.tensors[at].type = UInt32(random.integer(below: 42))
        case 4: image.tensors[at].dimensions[0] = UInt64(random.element(of: Self.edges))
        case 5: image.tensors[at].dimensions.append(random.element(of: [1, 2, 0] + Self.largeEdges))
        case 6: image.tensors[at].shift = random.element(of: [1, 32, -32, 64, 4096, .max, .min])
        case 7: image.tensors.swapAt(at, random.integer(below: image.tensors.count))
        default:
            let place = random.integer(below: image.tensors[at].data.count)
            image.tensors[at].data[place] = random.element(of: [0, 0x7C, 0x7F, 0xFC, 0xFF])
        }
    }

    // MARK: Promises

    func read(_ input: FuzzInput) throws {
        try file.write(input[0])
        let tensors = try GGUFFile(url).tensors
        var bytes = 0
        for (name, tensor) in tensors {
            try require(tensor.range.upperBound <= input[0].count, "tensor \(name) lies outside of the file")
            let blocks = tensor.count / tensor.type.blockCount
            try require(blocks * tensor.type.blockSize == tensor.range.count, "tensor \(name) has another size")
            bytes += tensor.range.count
        }
        try require(bytes <= input[0].count, "the tensors overlap")
        let model = try ModelDirectory(url), configuration = model.configuration
        let weights = try WeightsReader(model.weights).read(configuration)
        try require(weights.buffer.values.allSatisfy(\.isFinite), "weights that are no numbers")
        if model.weights.holdsBFloat16 {
            try require(weights.buffer.values.allSatisfy { $0.bitPattern & 0xFFFF == 0 }, "weights that are no bf16")
        }
        for text in Self.texts {
            let ids = model.tokenizer.encode(text)
            try require(
                ids.allSatisfy { (0..<configuration.vocabularySize).contains($0) },
                "\(text.debugDescription) has ids beyond the vocabulary"
            )
            _ = model.tokenizer.decode(ids)
        }
        try require(
            configuration.eosTokenIDs.allSatisfy { (0..<configuration.vocabularySize).contains($0) },
            "an end beyond the vocabulary"
        )
    }
}
