import Foundation
import ModelFiles

extension SafeTensorsFile {
    /// Writes all tensors of a model as one F32 file. The bytes depend on the weights alone.
    static func write(_ weights: Weights, to url: URL) throws {
        let tensors = weights.layout.tensors.map { tensor in
            Tensor(
                name: tensor.name,
                type: .float32,
                shape: tensor.shape,
                bytes: UnsafeRawBufferPointer(start: weights.pointer(tensor), count: tensor.count * 4)
            )
        }
        try AtomicFile.writeSynced(to: url) { try write(tensors, metadata: [("format", "pt")], $0) }
    }
}
