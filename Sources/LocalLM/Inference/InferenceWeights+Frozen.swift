import Foundation
import ModelFiles
import Synchronization

extension InferenceWeights {
    /// How panels lie in memory, in words: a file of panels of another format is not used. It names the version of
    /// `pack` and of the order of the matrices; a change of either counts it up.
    private static func layout(_ format: WeightFormat, _ all: [Packing]) -> String {
        let shapes = all.map { "\($0.matrix.outputs)x\($0.matrix.inputs)" }
        let order = RandomKey.derive(0, shapes.joined(separator: " "))
        return "\(format.rawValue) 1, width \(Panels.width), \(all.count) matrices \(order)"
    }

    /// Panels of fewer bytes are packed faster than anyone notices; they get no file.
    static let leastFileBytes = 1_000_000_000

    /// Of either form.
    convenience init(
        _ parameters: any ModelParameters,
        precision: Precision?,
        format: WeightFormat? = nil,
        pool: WorkerPool,
        keepsPanels: Bool
    ) throws {
        if let weights = parameters as? Weights {
            self.init(weights, precision: precision, format: format, pool: pool)
        } else if let frozen = parameters as? FrozenWeights {
            try self.init(frozen: frozen, precision: precision, format: format, pool: pool, keepsPanels: keepsPanels)
        } else {
            self.init(try parameters.single(), precision: precision, format: format, pool: pool)
        }
    }

    /// Packs them straight from their files, so that beside the panels only some MB are in memory; where panels are
    /// kept beside the model, those.
    ///
    /// - Parameters:
    ///   - precision: nil: weights of bf16, which they are, and arithmetic of fp32.
    ///   - format: of the weights; nil: as `precision` says.
    ///   - keepsPanels: whether panels are kept beside the model, in a file (`PanelFile`): where they take
    ///     `leastFileBytes`, their model's folder can be written, and `SELFIMPROVE_PANEL_CACHE` is not `off`.
    /// - Throws: where a file cannot be read, or has numbers that are infinite or NaN.
    convenience init(
        frozen weights: FrozenWeights,
        precision: Precision?,
        format: WeightFormat? = nil,
        pool: WorkerPool,
        keepsPanels: Bool,
        leastFileBytes: Int = InferenceWeights.leastFileBytes
    ) throws {
        let storage = format ?? precision.map(WeightFormat.init) ?? .bf16
        try self.init(weights, storage, arithmetic: precision == .bf16 ? .bf16 : .fp32) { all, bytes in
            var file: PanelFile?
            if keepsPanels, bytes >= leastFileBytes, let origin = weights.origin,
                ProcessInfo.processInfo.environment["SELFIMPROVE_PANEL_CACHE"] != "off"
            {
                file = PanelFile(
                    directory: origin.directory,
                    precision: storage.rawValue,
                    format: Self.layout(storage, all),
                    identity: origin.identity,
                    count: bytes
                )
            }
            if let kept = file?.open() { return FloatBuffer(kept.start, count: bytes / 4, of: kept) }
            if let file, let room = file.room() {
                try Self.pack(weights, all, into: room.start, storage, pool)
                file.keep(room)
                return FloatBuffer(room.start, count: bytes / 4, of: room)
            }
            let panels = FloatBuffer(count: (bytes + 3) / 4)
            try Self.pack(weights, all, into: UnsafeMutableRawPointer(panels.pointer), storage, pool)
            return panels
        }
    }

    private static func pack(
        _ weights: FrozenWeights,
        _ all: [Packing],
        into base: UnsafeMutableRawPointer,
        _ format: WeightFormat,
        _ pool: WorkerPool
    ) throws {
        let failure = Mutex<(any Error)?>(nil)
        nonisolated(unsafe) let target = base
        let tensors = weights.layout.tensors
        pool.run { worker in
            do {
                for (matrix, start) in all {
                    let k = matrix.inputs, width = Panels.width
                    let parts = tensors.filter { $0.offset >= start && $0.offset < start + matrix.outputs * k }
                    let rows = FloatBuffer(count: width * k)
                    for j in pool.share(matrix.panelCount, of: worker) {
                        let wanted = j * width..<min((j + 1) * width, matrix.outputs)
                        for tensor in parts {  // q, k and v are one matrix here, and may share a panel
                            let first = (tensor.offset - start) / k
                            let own = wanted.clamped(to: first..<first + tensor.shape[0])
                            if own.isEmpty { continue }
                            try weights.read(
                                tensor.offset,
                                from: (own.lowerBound - first) * k,
                                into: UnsafeMutableBufferPointer(
                                    start: rows.pointer + (own.lowerBound - wanted.lowerBound) * k,
                                    count: own.count * k
                                )
                            )
                        }
                        pack(matrix, panel: j, from: rows.pointer, into: target, format)
                    }
                }
            } catch { failure.withLock { $0 = $0 ?? error } }
        }
        if let error = failure.withLock({ $0 }) { throw error }
    }
}
