import Foundation
import ModelFiles

/// Writes a model's tensors as safetensors files, part by part: of the numbers that are written only a few MB are in
/// memory.
///
/// Up to `largestFile` bytes they are one file, `model.safetensors`; beyond it several, and an index, as
/// `save_pretrained` of transformers cuts and names them. The bytes depend on the numbers alone.
struct WeightsWriter {
    private let parameters: any ModelParameters
    private let adapter: Adapter?
    /// What the adapter adds, by the place of the matrix in the layout.
    private let updates: [Int: [LowRankUpdate]]
    private let precision: Precision
    private let largestFile: Int

    /// transformers' `max_shard_size`, 5 GB.
    static let largestFile = 5_000_000_000

    /// - Parameters:
    ///   - adapter: W + s B A is written in place of every W that it adapts.
    ///   - precision: F32, or BF16 (rounded to the nearest, ties to even).
    init(
        _ parameters: any ModelParameters,
        merging adapter: Adapter? = nil,
        as precision: Precision,
        largestFile: Int = Self.largestFile
    ) {
        precondition(
            adapter?.configuration.hasShape(of: parameters.configuration) ?? true,
            "an adapter of another shape"
        )
        self.parameters = parameters
        self.adapter = adapter
        updates = Dictionary(grouping: adapter.map { Array($0.layout.updates.values.joined()) } ?? [], by: \.target)
        self.precision = precision
        self.largestFile = largestFile
    }

    private var layout: WeightLayout { parameters.layout }

    /// - Throws: `.damaged` for numbers that are infinite or none, and where they cannot be read or written. The
    ///   directory is the caller's to remove then.
    func write(into directory: URL) throws {
        let files = files()
        for (name, tensors) in files {
            try AtomicFile.writeSynced(to: directory.appendingPathComponent(name)) { sink in
                try write(tensors, sink)
            }
        }
        guard files.count > 1 else { return }
        let places = files.flatMap { file in file.tensors.map { (name: $0.name, file: file.name) } }
        let index = JSONValue.object([
            .init("metadata", .object([.init("total_size", .integer(layout.count * precision.bytes))])),
            .init(
                "weight_map",
                .object(places.sorted { $0.name < $1.name }.map { .init($0.name, .string($0.file)) })
            ),
        ])
        try AtomicFile.writeSynced(
            Data(index.text(indented: true).utf8),
            to: directory.appendingPathComponent(ModelDirectory.File.index)
        )
    }

    /// In the order of the layout; a file ends before the tensor that would make it too large.
    private func files() -> [(name: String, tensors: [TensorSpecification])] {
        var files: [[TensorSpecification]] = [[]], bytes = 0
        for tensor in layout.tensors {
            let size = tensor.count * precision.bytes
            if bytes > 0, bytes + size > largestFile {
                files.append([])
                bytes = 0
            }
            files[files.count - 1].append(tensor)
            bytes += size
        }
        guard files.count > 1 else { return [(ModelDirectory.File.weights, files[0])] }
        func number(_ n: Int) -> String { String(repeating: "0", count: max(0, 5 - "\(n)".count)) + "\(n)" }
        return files.enumerated().map {
            ("model-\(number($0.offset + 1))-of-\(number(files.count)).safetensors", $0.element)
        }
    }

    private func write(
        _ tensors: [TensorSpecification],
        _ sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let header = SafeTensorsFile.header(
            tensors.map { ($0.name, precision.elementType, $0.shape) },
            metadata: [("format", "pt")]
        )
        try header.withUnsafeBytes { try sink($0) }
        let halves = HalfBuffer(count: precision == .bf16 ? Self.part : 0)
        for tensor in tensors {
            var done = 0
            try forEachPart(of: tensor) { numbers in
                try FiniteWeights.require(numbers, "tensor \(tensor.name)")
                done += numbers.count
                guard precision == .bf16 else { return try sink(UnsafeRawBufferPointer(numbers)) }
                for first in stride(from: 0, to: numbers.count, by: Self.part) {
                    let count = min(Self.part, numbers.count - first)
                    BFloat16.convert(numbers.baseAddress! + first, count, into: halves.pointer)
                    guard BFloat16.areFinite(halves.pointer, count) else {
                        throw LocalLMError(.damaged, "numbers beyond bf16's largest", context: "tensor \(tensor.name)")
                    }
                    try sink(UnsafeRawBufferPointer(start: halves.pointer, count: count * 2))
                }
            }
            precondition(done == tensor.count, "\(done) numbers of \(tensor.name), not \(tensor.count)")
        }
    }

    /// Numbers that are read or converted at once.
    private static let part = 1 << 20

    /// Hands the numbers of a tensor over, in order.
    private func forEachPart(of tensor: TensorSpecification, _ body: (UnsafeBufferPointer<Float>) throws -> Void) throws
    {
        if let adapter, let updates = updates[tensor.offset] {
            let sum = FloatBuffer(count: tensor.count)
            try read(tensor, from: 0, into: UnsafeMutableBufferPointer(start: sum.pointer, count: tensor.count))
            for update in updates { adapter.add(update, to: sum.pointer) }
            return try body(UnsafeBufferPointer(start: sum.pointer, count: tensor.count))
        }
        if let weights = parameters as? Weights {
            return try body(UnsafeBufferPointer(start: weights.pointer(tensor), count: tensor.count))
        }
        let values = FloatBuffer(count: min(tensor.count, Self.part))
        for first in stride(from: 0, to: tensor.count, by: values.count) {
            let count = min(values.count, tensor.count - first)
            try read(tensor, from: first, into: UnsafeMutableBufferPointer(start: values.pointer, count: count))
            try body(UnsafeBufferPointer(start: values.pointer, count: count))
        }
    }

    private func read(
        _ tensor: TensorSpecification,
        from first: Int,
        into values: UnsafeMutableBufferPointer<Float>
    ) throws {
        if tensor.role.decays, let frozen = parameters as? FrozenWeights {
            return try frozen.read(tensor.offset, from: first, into: values)
        }
        values.baseAddress!.update(from: parameters.vector(tensor.offset) + first, count: values.count)
    }
}

extension Precision {
    /// Of a file of weights.
    var elementType: SafeTensorsFile.ElementType { self == .fp32 ? .float32 : .bfloat16 }
}
