import Foundation
import ModelFiles

/// The parameters of a model that nothing changes, in bf16, as the files of a checkpoint have them: matrices are mapped
/// from there, norms and biases are fp32 copies.
///
/// A matrix is read into memory where it cannot be mapped: in a GGUF file, or at an odd byte of a safetensors file.
/// Mapped pages count as resident memory of the process while it uses them, and are the system's to take back.
///
/// `@unchecked Sendable`: it does not change once it is made.
public final class FrozenWeights: ModelParameters, @unchecked Sendable {
    public let configuration: ModelConfiguration
    public let layout: WeightLayout
    /// Norms and biases, one after another.
    private let vectors: FloatBuffer
    private let vectorPlaces: [Int: Int]
    private let matrices: [Int: Matrix]
    /// What a file of packed weights is named for; nil where they come from no file that can be told from others.
    let origin: Origin?
    private let lock = NSLock()
    private var isKnownFinite: Bool

    /// Models from this many parameters on, in bf16, are loaded as frozen weights; smaller ones in fp32.
    public static let leastParameters = 500_000_000

    /// The model's directory, and the identity of its files.
    struct Origin: Sendable {
        let directory: URL
        let identity: String
    }

    /// One matrix, rows x columns, row-major.
    struct Matrix: Sendable {
        nonisolated(unsafe) let start: UnsafePointer<UInt16>
        /// Keeps the memory.
        let owner: any Sendable
        /// Reads elements without touching mapped pages; nil where they are in memory.
        let read: (@Sendable (_ first: Int, UnsafeMutableBufferPointer<Float>) throws -> Void)?
        let place: String
    }

    init(
        _ configuration: ModelConfiguration,
        vectors: FloatBuffer,
        at vectorPlaces: [Int: Int],
        matrices: [Int: Matrix],
        origin: Origin?,
        isKnownFinite: Bool
    ) {
        self.configuration = configuration
        layout = WeightLayout(configuration)
        self.vectors = vectors
        self.vectorPlaces = vectorPlaces
        self.matrices = matrices
        self.origin = origin
        self.isKnownFinite = isKnownFinite
    }

    /// Fp32 weights rounded to bf16.
    package convenience init(rounding weights: Weights) {
        var matrices: [Int: Matrix] = [:]
        let (vectors, places) = Self.vectors(of: weights.layout) { tensor, to in
            to.baseAddress!.update(from: weights.pointer(tensor), count: tensor.count)
        }
        for tensor in weights.layout.tensors where tensor.role.decays {
            let halves = HalfBuffer(count: tensor.count)
            BFloat16.convert(weights.pointer(tensor), tensor.count, into: halves.pointer)
            matrices[tensor.offset] = Matrix(start: halves.pointer, owner: halves, read: nil, place: tensor.name)
        }
        self.init(
            weights.configuration,
            vectors: vectors,
            at: places,
            matrices: matrices,
            origin: nil,
            isKnownFinite: false
        )
    }

    /// A buffer for all norms and biases of a layout, filled, and the place of each by its offset in the layout.
    static func vectors(
        of layout: WeightLayout,
        fill: (TensorSpecification, UnsafeMutableBufferPointer<Float>) throws -> Void
    ) rethrows -> (FloatBuffer, [Int: Int]) {
        let tensors = layout.tensors.filter { !$0.role.decays }
        let vectors = FloatBuffer(count: tensors.reduce(0) { $0 + $1.count })
        var places: [Int: Int] = [:], next = 0
        for tensor in tensors {
            places[tensor.offset] = next
            try fill(tensor, UnsafeMutableBufferPointer(start: vectors.pointer + next, count: tensor.count))
            next += tensor.count
        }
        return (vectors, places)
    }

    // MARK: Reading

    public var byteCount: Int { Self.byteCount(layout) }

    public var residentBytes: Int {
        layout.tensors.reduce(0) { sum, tensor in
            guard let matrix = matrices[tensor.offset] else { return sum + 4 * tensor.count }
            return sum + (matrix.read == nil ? 2 * tensor.count : 0)
        }
    }

    static func byteCount(_ layout: WeightLayout) -> Int {
        layout.tensors.reduce(0) { $0 + $1.count * ($1.role.decays ? 2 : 4) }
    }

    public func vector(_ offset: Int) -> UnsafePointer<Float> {
        guard let place = vectorPlaces[offset] else { preconditionFailure("no vector at \(offset)") }
        return UnsafePointer(vectors.pointer + place)
    }

    /// The matrix that starts at an offset of the layout: rows x columns, row-major.
    func matrix(_ offset: Int) -> UnsafePointer<UInt16> {
        guard let matrix = matrices[offset] else { preconditionFailure("no matrix at \(offset)") }
        return matrix.start
    }

    public func embed(_ id: Int, into row: UnsafeMutablePointer<Float>) {
        let width = configuration.hiddenSize
        BFloat16.widen(matrix(layout.embedding.offset) + id * width, width, into: row)
    }

    /// Elements of a matrix in fp32, from `first` on, read from its file: mapped pages are not touched.
    /// - Throws: where the file cannot be read, and for numbers that are infinite or NaN.
    func read(_ offset: Int, from first: Int, into values: UnsafeMutableBufferPointer<Float>) throws {
        guard let matrix = matrices[offset] else { preconditionFailure("no matrix at \(offset)") }
        if let read = matrix.read {
            try read(first, values)
        } else {
            BFloat16.widen(matrix.start + first, values.count, into: values.baseAddress!)
        }
        try FiniteWeights.require(UnsafeBufferPointer(values), matrix.place)
    }

    /// Reads all of them once; those who multiply with the mapped numbers ask for it first.
    /// - Throws: where there are some that are infinite or NaN.
    func requireFinite() throws {
        lock.lock()
        defer { lock.unlock() }
        guard !isKnownFinite else { return }
        let part = FloatBuffer(count: 1 << 20)
        for tensor in layout.tensors where tensor.role.decays {
            for first in stride(from: 0, to: tensor.count, by: part.count) {
                let count = min(part.count, tensor.count - first)
                try read(
                    tensor.offset,
                    from: first,
                    into: UnsafeMutableBufferPointer(start: part.pointer, count: count)
                )
            }
        }
        isKnownFinite = true
    }

    /// - Throws: `.input` where this machine has no room for them in fp32.
    public func single() throws -> Weights {
        let bytes = 4 * layout.count
        if let available = TrainingMemory.available(), bytes > available {
            throw LocalLMError(
                .input,
                "its weights need \(bytes >> 20) MB of memory as F32, \(available >> 20) are free",
                hint: "train an adapter (LoRA), whose base stays in bf16"
            )
        }
        let weights = Weights(configuration)
        for tensor in layout.tensors {
            let values = UnsafeMutableBufferPointer(start: weights.pointer(tensor), count: tensor.count)
            if tensor.role.decays {
                try read(tensor.offset, from: 0, into: values)
            } else {
                values.baseAddress!.update(from: vector(tensor.offset), count: tensor.count)
            }
        }
        return weights
    }
}
