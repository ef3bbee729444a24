import Foundation

/// One safetensors file (github.com/huggingface/safetensors): eight bytes of header length, a JSON header, then the
/// tensors' bytes one after the other. Every claim of the header is checked before anything is read or allocated by it.
package struct SafeTensorsFile {
    package enum ElementType: String {
        case float32 = "F32", bfloat16 = "BF16", float16 = "F16"
        /// Known so that files with additional tensors of these types can be read.
        case float64 = "F64", int64 = "I64", int32 = "I32", int16 = "I16", int8 = "I8", uint8 = "U8", bool = "BOOL"

        package var size: Int {
            switch self {
            case .float64, .int64: 8
            case .float32, .int32: 4
            case .bfloat16, .float16, .int16: 2
            case .int8, .uint8, .bool: 1
            }
        }
    }

    package struct Entry {
        package let type: ElementType
        package let shape: [Int]
        /// Bytes, counted from the start of the file.
        package let range: Range<Int>
    }

    /// The specification's own limit.
    static let longestHeader = 100_000_000
    /// A tensor takes nine or so: enough for 200,000 of them, in some 200 MB of memory.
    private static let mostHeaderValues = 1 << 21

    package let reader: FileReader
    package let entries: [String: Entry]
    /// Strings that the file carries besides its tensors.
    package let metadata: [String: String]

    package init(_ url: URL) throws {
        let reader = try FileReader(url)
        func damaged(_ what: String) -> LocalLMError { LocalLMError(.damaged, what, context: url.path) }
        guard reader.size >= 8 else { throw damaged("is not a safetensors file: \(reader.size) bytes") }
        let length = try reader.read(8, at: 0).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard length <= Self.longestHeader, Int(length) <= reader.size - 8 else {
            throw damaged(
                "is not a safetensors file, or cut off: a header of \(length) bytes in a file of \(reader.size)"
            )
        }
        let header = try JSONParser.parse(
            try reader.read(Int(length), at: 8),
            context: url.path,
            maximumValues: Self.mostHeaderValues
        )
        guard let members = header.members else { throw damaged("its header is \(header.kind), not an object") }
        let start = 8 + Int(length)
        var entries: [String: Entry] = [:]
        for member in members where member.key != "__metadata__" {
            // The parser refuses duplicate keys; this refuses two that are the same text to Unicode.
            guard entries.updateValue(try Self.entry(member, start, reader), forKey: member.key) == nil else {
                throw damaged("duplicate tensor \(member.key)")
            }
        }
        var end = start
        for (name, entry) in entries.sorted(by: {
            ($0.value.range.lowerBound, $0.value.range.upperBound) < (
                $1.value.range.lowerBound, $1.value.range.upperBound
            )
        }) {
            guard entry.range.lowerBound == end else {
                throw damaged(
                    "tensor \(name) starts at byte \(entry.range.lowerBound) where the one before ends at \(end)"
                )
            }
            end = entry.range.upperBound
        }
        guard end == reader.size else { throw damaged("its tensors end at byte \(end), the file at \(reader.size)") }
        self.reader = reader
        self.entries = entries
        let notes = (header["__metadata__"]?.members ?? []).compactMap { member in
            member.value.string.map { (member.key, $0) }
        }
        metadata = Dictionary(notes, uniquingKeysWith: { first, _ in first })
    }

    private static func entry(_ member: JSONValue.Member, _ start: Int, _ reader: FileReader) throws -> Entry {
        let place = "\(reader.url.path): tensor \(member.key)"
        func damaged(_ what: String) -> LocalLMError { LocalLMError(.damaged, what, context: place) }
        guard let name = member.value["dtype"]?.string else { throw damaged("dtype is missing") }
        guard let type = ElementType(rawValue: name) else {
            throw LocalLMError(
                .unsupported,
                "dtype \(name.prefix(20)) is not supported",
                context: place,
                hint: "supported: F32, BF16, F16"
            )
        }
        guard let dimensions = member.value["shape"]?.array, let offsets = member.value["data_offsets"]?.array,
            offsets.count == 2
        else {
            throw damaged("shape or data_offsets are missing")
        }
        var shape: [Int] = []
        var bytes = type.size
        for dimension in dimensions {
            guard let size = dimension.integer, size >= 0 else { throw damaged("its shape holds \(dimension.kind)") }
            let (product, overflow) = bytes.multipliedReportingOverflow(by: size)
            guard !overflow else { throw damaged("its shape is too large") }
            bytes = product
            shape.append(size)
        }
        guard let begin = offsets[0].integer, let end = offsets[1].integer, begin >= 0, begin <= end,
            end <= reader.size - start
        else {
            throw damaged("its data_offsets lie outside of the file")
        }
        guard end - begin == bytes else {
            throw damaged("shape \(shape) needs \(bytes) bytes, its data_offsets hold \(end - begin)")
        }
        return Entry(type: type, shape: shape, range: start + begin..<start + end)
    }

    /// Reads a tensor's own bytes; `bytes` is as large as they are.
    package func read(_ name: String, into bytes: UnsafeMutableRawBufferPointer) throws {
        guard let entry = entries[name] else {
            throw LocalLMError(.damaged, "tensor \(name) is missing", context: reader.url.path)
        }
        guard entry.range.count == bytes.count else {
            throw LocalLMError(
                .damaged,
                "has \(entry.range.count) bytes, not \(bytes.count)",
                context: "\(reader.url.path): tensor \(name)"
            )
        }
        try reader.read(into: bytes, at: entry.range.lowerBound)
    }

    /// The entry of a tensor whose numbers can be weights.
    /// - Throws: where the tensor is missing, or holds neither F32 nor BF16 nor F16.
    package func weights(_ name: String) throws -> Entry {
        guard let entry = entries[name] else {
            throw LocalLMError(.damaged, "tensor \(name) is missing", context: reader.url.path)
        }
        guard [.float32, .bfloat16, .float16].contains(entry.type) else {
            throw LocalLMError(
                .unsupported,
                "dtype \(entry.type.rawValue) is not supported for weights",
                context: "\(reader.url.path): tensor \(name)",
                hint: "supported: F32, BF16, F16"
            )
        }
        return entry
    }

    /// Whether every tensor has this type.
    package func holdsOnly(_ type: ElementType) -> Bool { entries.values.allSatisfy { $0.type == type } }

    /// Reads elements of a tensor as Float32, from `first` on, as many as `destination` has room for.
    package func read(
        _ name: String,
        from first: Int = 0,
        into destination: UnsafeMutableBufferPointer<Float>
    ) throws {
        let entry = try weights(name), all = entry.range.count / entry.type.size, count = destination.count
        precondition(first >= 0 && first + count <= all, "\(name) has \(all) elements, not \(first + count)")
        let start = entry.range.lowerBound + first * entry.type.size
        let convert: (UInt16) -> Float
        switch entry.type {
        case .float32: return try reader.read(into: UnsafeMutableRawBufferPointer(destination), at: start)
        case .bfloat16: convert = { Float(bitPattern: UInt32($0) << 16) }
        default: convert = { Float(Float16(bitPattern: $0)) }
        }
        var halves = [UInt16](repeating: 0, count: min(count, 1 << 18))
        var done = 0
        while done < count {
            let part = min(halves.count, count - done)
            try halves.withUnsafeMutableBytes {
                try reader.read(
                    into: UnsafeMutableRawBufferPointer(rebasing: $0[..<(part * 2)]),
                    at: start + done * 2
                )
            }
            for index in 0..<part { destination[done + index] = convert(UInt16(littleEndian: halves[index])) }
            done += part
        }
    }

    // MARK: Writing

    /// A tensor to be written.
    package struct Tensor {
        package let name: String
        package let type: ElementType
        package let shape: [Int]
        package let bytes: UnsafeRawBufferPointer

        package init(name: String, type: ElementType, shape: [Int], bytes: UnsafeRawBufferPointer) {
            (self.name, self.type, self.shape, self.bytes) = (name, type, shape, bytes)
        }
    }

    /// Hands a file's bytes to `sink`, piece by piece.
    package static func write(
        _ tensors: [Tensor],
        metadata: [(key: String, value: String)],
        _ sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        try header(tensors.map { ($0.name, $0.type, $0.shape) }, metadata: metadata).withUnsafeBytes { try sink($0) }
        for tensor in tensors { try sink(tensor.bytes) }
    }

    /// What a file of these tensors begins with; their bytes follow, one after the other.
    package static func header(
        _ tensors: [(name: String, type: ElementType, shape: [Int])],
        metadata: [(key: String, value: String)]
    ) -> [UInt8] {
        var header: [JSONValue.Member] = [
            .init("__metadata__", .object(metadata.map { .init($0.key, .string($0.value)) }))
        ]
        var offset = 0
        for tensor in tensors {
            let end = offset + tensor.shape.reduce(tensor.type.size, *)
            header.append(
                .init(
                    tensor.name,
                    .object([
                        .init("dtype", .string(tensor.type.rawValue)),
                        .init("shape", .array(tensor.shape.map(JSONValue.integer))),
                        .init("data_offsets", .array([.integer(offset), .integer(end)])),
                    ])
                )
            )
            offset = end
        }
        var text = Array(JSONValue.object(header).text().utf8)
        while text.count % 8 != 0 { text.append(UInt8(ascii: " ")) }
        return withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) } + text
    }
}
