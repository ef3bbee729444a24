import Foundation

/// One GGUF file (github.com/ggml-org/ggml, docs/gguf.md), version 2 or 3, of little endian: metadata, then the names,
/// types and shapes of the tensors, then their bytes. Every claim is checked before anything is read or allocated by
/// it.
///
///     let file = try GGUFFile(URL(fileURLWithPath: "SmolLM2-135M-Instruct.Q4_1.gguf"))
///     file.tensors["blk.0.attn_q.weight"]?.type  // .q4_1
package struct GGUFFile {
    package struct Tensor {
        package let type: GGUFTensorType
        /// As PyTorch writes it: rows x columns. The file has the columns first.
        package let shape: [Int]
        /// Bytes, counted from the start of the file.
        package let range: Range<Int>

        package var count: Int { shape.reduce(1, *) }
    }

    private static let mostTensors = 1 << 16
    private static let longestName = 256
    private static let mostDimensions = 4
    private static let magic: [UInt8] = Array("GGUF".utf8)

    package let reader: FileReader
    package let metadata: GGUFMetadata
    package let tensors: [String: Tensor]

    package init(_ url: URL) throws {
        reader = try FileReader(url)
        var cursor = GGUFCursor(reader)
        guard reader.size >= 24, try reader.read(4, at: 0) == Self.magic else {
            throw LocalLMError(
                .damaged,
                "is not a GGUF file",
                context: url.path,
                hint: "a model is a GGUF file or a Hugging Face directory"
            )
        }
        try cursor.skip(Self.magic.count)
        let version = try cursor.integer(UInt32.self)
        guard version == 2 || version == 3 else {
            let isSwapped = version.byteSwapped <= 3 && version > 0
            throw LocalLMError(
                .unsupported,
                isSwapped ? "GGUF of big endian is not supported" : "GGUF version \(version) is not supported",
                context: url.path,
                hint: "supported: versions 2 and 3, little endian"
            )
        }
        let tensorCount = try cursor.count("the number of tensors"), keyCount = try cursor.count("the number of keys")
        guard tensorCount <= Self.mostTensors else {
            throw cursor.damaged("has \(tensorCount) tensors, at most \(Self.mostTensors) are read")
        }
        metadata = try GGUFMetadata(&cursor, count: keyCount)
        let alignment = try metadata.count("general.alignment") ?? 32
        guard alignment > 0, alignment % 8 == 0, alignment <= 1 << 16 else {
            throw cursor.damaged("general.alignment is \(alignment)")
        }
        var claims: [(name: String, claim: Claim)] = []
        for _ in 0..<tensorCount {
            let name = try cursor.text("the name of a tensor", limit: Self.longestName)
            claims.append((name, try Self.claim(&cursor, name, alignment)))
        }
        let start = (cursor.position + alignment - 1) / alignment * alignment
        tensors = try Self.place(claims, from: start, reader)
    }

    /// What the head says of a tensor.
    private struct Claim {
        var type: GGUFTensorType
        var shape: [Int]
        var offset: Int
        var size: Int
    }

    private static func claim(_ cursor: inout GGUFCursor, _ name: String, _ alignment: Int) throws -> Claim {
        let place = "\(cursor.reader.url.path): tensor \(name)"
        func damaged(_ what: String) -> LocalLMError { LocalLMError(.damaged, what, context: place) }
        let dimensions = try cursor.integer(UInt32.self)
        guard (1...mostDimensions).contains(Int(dimensions)) else { throw damaged("has \(dimensions) dimensions") }
        var shape: [Int] = []
        var count = 1
        for _ in 0..<dimensions {
            let size = try cursor.integer(UInt64.self)
            guard size > 0, size < 1 << 40 else { throw damaged("its shape holds \(size)") }
            let (product, overflow) = count.multipliedReportingOverflow(by: Int(size))
            guard !overflow, product < 1 << 48 else { throw damaged("its shape is too large") }
            count = product
            shape.insert(Int(size), at: 0)
        }
        let number = try cursor.integer(UInt32.self)
        guard let type = GGUFTensorType(rawValue: number) else {
            throw LocalLMError(
                .unsupported,
                "the type \(GGUFTensorType.name(number)) is not supported",
                context: place,
                hint: "supported: \(GGUFTensorType.supported)"
            )
        }
        guard shape.last! % type.blockCount == 0 else {
            throw damaged("has rows of \(shape.last!) numbers, no multiple of the \(type.blockCount) of \(type.name)")
        }
        let offset = try cursor.count("the offset of tensor \(name)")
        guard offset % alignment == 0 else { throw damaged("its offset \(offset) is no multiple of \(alignment)") }
        return Claim(type: type, shape: shape, offset: offset, size: count / type.blockCount * type.blockSize)
    }

    /// Sees that the tensors lie in the file, and do not overlap.
    private static func place(_ claims: [(name: String, claim: Claim)], from start: Int, _ reader: FileReader) throws
        -> [String: Tensor]
    {
        var tensors: [String: Tensor] = [:]
        var end = start
        for (name, claim) in claims.sorted(by: { $0.claim.offset < $1.claim.offset }) {
            func damaged(_ what: String) -> LocalLMError {
                LocalLMError(.damaged, what, context: "\(reader.url.path): tensor \(name)")
            }
            let begin = start + claim.offset
            guard begin >= end else { throw damaged("starts at byte \(begin), inside of another tensor") }
            guard begin <= reader.size, claim.size <= reader.size - begin else {
                throw damaged("needs \(claim.size) bytes from \(begin) on, the file ends at \(reader.size)")
            }
            end = begin + claim.size
            let tensor = Tensor(type: claim.type, shape: claim.shape, range: begin..<end)
            guard tensors.updateValue(tensor, forKey: name) == nil else { throw damaged("duplicate tensor") }
        }
        return tensors
    }

    /// Reads a tensor as Float32; `destination` has room for exactly its elements.
    package func read(_ name: String, into destination: UnsafeMutableBufferPointer<Float>) throws {
        guard let tensor = tensors[name] else {
            throw LocalLMError(.damaged, "tensor \(name) is missing", context: reader.url.path)
        }
        precondition(
            destination.count == tensor.count,
            "\(name) has \(tensor.count) elements, not \(destination.count)"
        )
        let type = tensor.type, blocks = tensor.range.count / type.blockSize
        let most = min(blocks, max(1, (1 << 18) / type.blockSize))
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: most * type.blockSize, alignment: 64)
        defer { buffer.deallocate() }
        var done = 0
        while done < blocks {
            let part = min(most, blocks - done)
            let bytes = UnsafeMutableRawBufferPointer(rebasing: buffer[..<(part * type.blockSize)])
            try reader.read(into: bytes, at: tensor.range.lowerBound + done * type.blockSize)
            let values = destination[done * type.blockCount..<(done + part) * type.blockCount]
            type.decode(UnsafeRawBufferPointer(bytes), into: UnsafeMutableBufferPointer(rebasing: values))
            done += part
        }
    }
}
