import Foundation
import ModelFiles

extension SafeTensorsFile {
    /// Writes all tensors of a model as one file, F32 or BF16 (rounded to the nearest, ties to even). The bytes depend
    /// on the weights alone.
    static func write(_ weights: Weights, as precision: Precision = .fp32, to url: URL) throws {
        for tensor in weights.layout.tensors {
            let values = UnsafeBufferPointer(start: weights.pointer(tensor), count: tensor.count)
            try FiniteWeights.require(values, "tensor \(tensor.name)")
        }
        let rounded = precision == .bf16 ? HalfBuffer(count: weights.layout.count) : nil
        if let rounded { BFloat16.convert(weights.buffer.pointer, weights.layout.count, into: rounded.pointer) }
        let tensors = weights.layout.tensors.map { tensor in
            Tensor(
                name: tensor.name,
                type: precision.elementType,
                shape: tensor.shape,
                bytes: rounded.map {
                    UnsafeRawBufferPointer(start: $0.pointer + tensor.offset, count: tensor.count * 2)
                }
                    ?? UnsafeRawBufferPointer(start: weights.pointer(tensor), count: tensor.count * 4)
            )
        }
        try withExtendedLifetime(rounded) {
            try AtomicFile.writeSynced(to: url) { try write(tensors, metadata: [("format", "pt")], $0) }
        }
    }
}

extension Precision {
    /// Of a file of weights.
    var elementType: SafeTensorsFile.ElementType { self == .fp32 ? .float32 : .bfloat16 }
}
