import LocalLM
import ModelFiles

/// A safetensors file in two parts, so that either can be mutated and the other made to fit.
struct SafeTensorsImage {
    var header: JSONValue
    var data: [UInt8]

    private static let sizes = [
        "F64": 8, "I64": 8, "F32": 4, "I32": 4, "BF16": 2, "F16": 2, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1,
    ]
    /// No file is made larger than this.
    private static let mostBytes = 1 << 14

    /// A valid file.
    init(_ tensors: [(name: String, type: String, shape: [Int])], metadata: [String: String] = [:]) {
        var members = tensors.map { tensor in
            JSONValue.Member(
                tensor.name,
                .object([
                    .init("dtype", .string(tensor.type)), .init("shape", .array(tensor.shape.map(JSONValue.integer))),
                    .init("data_offsets", .array([.integer(0), .integer(0)])),
                ])
            )
        }
        if !metadata.isEmpty {
            members.insert(
                .init(
                    "__metadata__",
                    .object(metadata.sorted { $0.key < $1.key }.map { .init($0.key, .string($0.value)) })
                ),
                at: 0
            )
        }
        header = .object(members)
        data = []
        layOut()
    }

    /// The weights of a model, every tensor of the type that `type` chooses.
    init(_ layout: WeightLayout, type: (Int) -> String) {
        self.init(layout.tensors.enumerated().map { ($1.name, type($0), $1.shape) }, metadata: ["format": "pt"])
    }

    /// Gives every tensor the bytes that its type and shape need, one behind the other: what a mutation said becomes
    /// consistent.
    mutating func layOut() {
        var end = 0
        let members = (header.members ?? []).map { member -> JSONValue.Member in
            guard member.value["data_offsets"] != nil, let bytes = Self.byteCount(member.value),
                end + bytes <= Self.mostBytes
            else { return member }
            defer { end += bytes }
            return .init(
                member.key,
                member.value.setting("data_offsets", .array([.integer(end), .integer(end + bytes)]))
            )
        }
        header = .object(members)
        if end < data.count { data.removeSubrange(end...) }
        // 0x3C in every byte is a small positive number in each of the three types of floats.
        data += [UInt8](repeating: 0x3C, count: end - data.count)
    }

    private static func byteCount(_ tensor: JSONValue) -> Int? {
        guard let type = tensor["dtype"]?.string, var bytes = sizes[type], let shape = tensor["shape"]?.array else {
            return nil
        }
        for dimension in shape {
            guard let size = dimension.integer, size >= 0, size <= mostBytes, bytes <= mostBytes else { return nil }
            bytes *= size
        }
        return bytes
    }

    func bytes(length: UInt64? = nil, padded: Bool = true) -> [UInt8] {
        var text = header.bytes
        while padded && text.count % 8 != 0 { text.append(0x20) }
        return Self.join(text, data, length: length)
    }

    static func join(_ header: [UInt8], _ data: [UInt8], length: UInt64? = nil) -> [UInt8] {
        withUnsafeBytes(of: (length ?? UInt64(header.count)).littleEndian) { Array($0) } + header + data
    }
}

/// Makes broken, or just different, safetensors files of valid ones.
struct SafeTensorsMutator {
    static let words = [
        "dtype", "shape", "data_offsets", "__metadata__", "F32", "F16", "BF16", "F64", "I64", "I32", "I16", "I8", "U8",
        "BOOL", "U16", "U64", "F8_E4M3", "f32",
        "",
        "model.embed_tokens.weight", "lm_head.weight", "model.norm.weight",
        "model.layers.0.self_attn.rotary_emb.inv_freq", "format", "pt",
        "model.layers.00.mlp.up_proj.weight", "model.layers.1.mlp.up_proj.weight",
    ]
    private static let lengths: [UInt64] = [
        0, 1, 2, 7, 8, 255, 1 << 16, 99_999_999, 100_000_000, 100_000_001, 1 << 31, 1 << 32, 1 << 53, 1 << 62,
        (1 << 63) - 9, (1 << 63) - 8, (1 << 63) - 1,
        1 << 63,
        .max - 8, .max - 7, .max,
    ]

    private let bytes = Mutator(
        words: words.map { "\"\($0)\"" } + ["[0,0]", "[0,4]", "{}", "[]", ":", ",", "[0,9223372036854775807]"]
    )
    private let json = JSONMutator(
        words: words,
        fragments: [
            .array([.integer(0), .integer(0)]), .array([.integer(0), .integer(4)]), .array([.integer(4), .integer(0)]),
            .array([.integer(-8), .integer(0)]),
            .array([.integer(0), .integer(.max)]), .array([.integer(1 << 31), .integer(1 << 33)]),
            .array([.integer(.max)]),
            .array([.integer(0), .integer(.max)]),
            .object([
                .init("dtype", .string("F32")), .init("shape", .array([.integer(0)])),
                .init("data_offsets", .array([.integer(0), .integer(0)])),
            ]),
        ]
    )

    func mutated(_ image: SafeTensorsImage, with other: SafeTensorsImage, _ random: inout RandomStream) -> [UInt8] {
        var image = image
        if !random.one(in: 6) { json.mutate(&image.header, &random) }
        if random.one(in: 2) { image.layOut() }
        if random.one(in: 6) { bytes.mutate(&image.data, with: other.data, &random) }
        let length = random.one(in: 16) ? random.element(of: Self.lengths) : nil
        guard random.one(in: 6) else { return image.bytes(length: length, padded: !random.one(in: 4)) }
        if random.one(in: 2) {
            var header = image.header.bytes
            bytes.mutate(&header, with: other.header.bytes, &random)
            return SafeTensorsImage.join(header, image.data, length: length)
        }
        var whole = image.bytes(length: length)
        bytes.mutate(&whole, with: other.bytes(), &random)
        return whole
    }
}
