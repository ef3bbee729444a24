import CTiles
import Testing
import TestSupport

@testable import LocalLM
@testable import ModelFiles

/// Weights of a byte each.
@Suite struct BytePanelTests {
    private static func random(_ count: Int, seed: UInt64) -> [Float] {
        var random = RandomStream(key: seed)
        return (0..<count).map { _ in Float(random.normal()) }
    }

    /// A matrix of `outputs` rows in panels, and what it then is.
    private static func packed(_ w: [Float], depth k: Int) -> (panels: FloatBuffer, values: [Float]) {
        let outputs = w.count / k, bytes = BytePanels.bytes(depth: k)
        let count = (outputs + Panels.width - 1) / Panels.width
        let panels = FloatBuffer(count: count * bytes / 4), base = UnsafeMutableRawPointer(panels.pointer)
        for j in 0..<count {
            let columns = min(Panels.width, outputs - j * Panels.width)
            w.withUnsafeBufferPointer {
                let rows = $0.baseAddress! + j * Panels.width * k
                BytePanels.pack(rows: rows, depth: k, columns: columns, into: base + j * bytes)
            }
        }
        var values = [Float](repeating: .nan, count: w.count)
        for row in 0..<outputs {
            values.withUnsafeMutableBufferPointer {
                let panel = base + row / Panels.width * bytes
                BytePanels.column(row % Panels.width, of: panel, depth: k, into: $0.baseAddress! + row * k)
            }
        }
        return (panels, values)
    }

    @Test func everyByteIsItself() {
        let bytes = (0..<256).map { Int8(truncatingIfNeeded: $0) }
        for set in InstructionSet.allCases where set <= .processor {
            var halves = [UInt16](repeating: 0, count: 256)
            TileKernels(set).widenBytes(bytes, 256, &halves)
            #expect(halves.map(BFloat16.widened) == bytes.map(Float.init), "\(set)")
        }
    }

    /// To the nearest of 255 steps between the largest of a row and its opposite, which are met.
    @Test(arguments: [1, 31, 33, 576]) func numbersAreRoundedToSteps(k: Int) {
        let outputs = 37
        let w = Self.random(outputs * k, seed: 1), values = Self.packed(w, depth: k).values
        for row in 0..<outputs {
            let range = row * k..<(row + 1) * k, peak = w[range].map(abs).max()!
            for i in range { #expect(abs(values[i] - w[i]) <= peak / 254 * 1.00001) }
            let top = range.first { abs(w[$0]) == peak }!
            #expect(abs(values[top] - w[top]) <= peak * 1e-6)
        }
    }

    @Test func rowsThatHaveNoScaleAreZero() {
        let rows: [[Float]] = [
            [0, 0, 0], [1, .nan, 2], [.infinity, 1, 1], [Float(bitPattern: 7), 0, 0], [2, -2, 1],
            [.greatestFiniteMagnitude, 0, 1],
        ]
        let values = Self.packed(rows.joined().map { $0 }, depth: 3).values
        #expect(values[..<3] == [0, 0, 0] && values[9..<12] == [0, 0, 0])
        // No model is loaded with such numbers; they must not end the process.
        #expect(!values[3..<9].contains { !$0.isFinite })
        #expect(values[12...13] == [2, -2] && abs(values[14] - 1) < 0.01)
        #expect(abs(values[15] / .greatestFiniteMagnitude - 1) < 1e-6)
    }

    /// The product is that of the numbers as they are kept, in either arithmetic, and a row's bits are its own.
    @Test(arguments: [(1, 33, 40), (3, 64, 200), (40, 576, 96), (5, 31, 7)], [Precision.fp32, .bf16])
    func products(shape: (rows: Int, depth: Int, outputs: Int), precision: Precision) {
        let (rows, k, outputs) = shape, count = (outputs + Panels.width - 1) / Panels.width
        let (panels, values) = Self.packed(Self.random(outputs * k, seed: 2), depth: k)
        let x = Self.random(rows * k, seed: 3).map { BFloat16.widened(BFloat16.rounded($0)) }
        let halves = x.map(BFloat16.rounded), leading = count * Panels.width
        func multiply(_ range: Range<Int>, _ panelRange: Range<Int>, into y: UnsafeMutablePointer<Float>) {
            let c = y + range.lowerBound * leading + panelRange.lowerBound * Panels.width
            let base = UnsafeRawPointer(panels.pointer) + panelRange.lowerBound * BytePanels.bytes(depth: k)
            if precision == .fp32 {
                x.withUnsafeBufferPointer {
                    PanelProduct.multiply(
                        .int8,
                        rows: range.count,
                        depth: k,
                        $0.baseAddress! + range.lowerBound * k,
                        leading: k,
                        panels: base,
                        count: panelRange.count,
                        c,
                        leading: leading
                    )
                }
            } else {
                halves.withUnsafeBufferPointer { halves in
                    BytePanels.multiply(
                        panels: base,
                        count: panelRange.count,
                        depth: k,
                        rows: range.count,
                        into: c,
                        leading: leading
                    ) { panels, count, c in
                        PairProduct.multiply(
                            rows: range.count,
                            columns: count * Panels.width,
                            depth: k,
                            halves.baseAddress! + range.lowerBound * k,
                            leading: k,
                            panels: panels,
                            c,
                            leading: leading,
                            accumulate: false
                        )
                    }
                }
            }
        }
        var y = [Float](repeating: .nan, count: rows * leading), parts = y
        multiply(0..<rows, 0..<count, into: &y)
        for r in 0..<rows { for j in 0..<count { multiply(r..<r + 1, j..<j + 1, into: &parts) } }
        #expect(y == parts)
        let worst = (0..<rows * outputs).map { i -> Double in
            let (r, o) = (i / outputs, i % outputs)
            let wanted = (0..<k).reduce(0.0) { $0 + Double(x[r * k + $1]) * Double(values[o * k + $1]) }
            return abs(Double(y[r * leading + o]) - wanted)
        }
        #expect(worst.max()! < 2e-4)
    }

    /// Every instruction set gives the same bits, those of the same numbers in bf16.
    @Test(arguments: [1, 2, 3, 4, 7, 8, 9, 33], [1, 2, 31, 64, 577]) func kernels(rows: Int, k: Int) {
        let count = 5, bytes = BytePanels.bytes(depth: k)
        let (panels, _) = Self.packed(Self.random(count * Panels.width * k, seed: 7), depth: k)
        let x = Self.random(rows * k, seed: 8)
        func strips(_ run: (inout ctiles_strips) -> Void, _ base: UnsafeRawPointer) -> [Float] {
            var y = [Float](repeating: .nan, count: rows * count * Panels.width)
            x.withUnsafeBufferPointer { x in
                y.withUnsafeMutableBufferPointer { y in
                    var strips = ctiles_strips(
                        rows: rows,
                        depth: k,
                        panels: count,
                        a: x.baseAddress,
                        a_stride: k,
                        b: base,
                        c: y.baseAddress,
                        c_stride: count * Panels.width
                    )
                    run(&strips)
                }
            }
            return y
        }
        let wide = PairBuffer(count: count * PairPanels.words(depth: k)), base = UnsafeRawPointer(panels.pointer)
        for j in 0..<count {
            TileKernels.current.widenBytes(
                (base + j * bytes + 4 * Panels.width).assumingMemoryBound(to: Int8.self),
                2 * PairPanels.words(depth: k),
                UnsafeMutableRawPointer(wide.pointer + j * PairPanels.words(depth: k))
                    .assumingMemoryBound(to: UInt16.self)
            )
        }
        var wanted = strips({ TileKernels.current.halfStrips(&$0) }, UnsafeRawPointer(wide.pointer))
        for i in wanted.indices {
            let column = i % (count * Panels.width), panel = base + column / Panels.width * bytes
            wanted[i] *= panel.assumingMemoryBound(to: Float.self)[column % Panels.width]
        }
        for set in InstructionSet.allCases where set <= .processor {
            #expect(strips({ TileKernels(set).byteStrips(&$0) }, base) == wanted, "\(set)")
        }
    }

    /// A model in bytes gives the logprobs of the model whose weights are the bytes' numbers.
    @Test(arguments: ModelFamily.allCases) func aModelInBytes(family: ModelFamily) throws {
        let c = TinyModels.configuration(family), weights = TinyModels.weights(c, seed: 5)
        let rows = TinyModels.examples(5, vocabulary: c.vocabularySize, seed: 6, longest: 40)
        let engine = InferenceEngine(weights: weights, threads: 2, format: .int8)
        #expect(engine.weightFormat == .int8)
        let bytes = try engine.logprobs(of: rows).joined()
        let original = try InferenceEngine(weights: weights, threads: 1).logprobs(of: rows).joined()
        for tensor in weights.layout.tensors where tensor.role.decays {
            let k = tensor.shape[1], range = tensor.offset..<tensor.offset + tensor.count
            let values = Self.packed(Array(weights.buffer.values[range]), depth: k).values
            (weights.buffer.pointer + tensor.offset).update(from: values, count: values.count)
        }
        let rounded = try InferenceEngine(weights: weights, threads: 1).logprobs(of: rows).joined()
        #expect(zip(bytes, rounded).allSatisfy { abs($0 - $1) < 1e-4 })
        #expect(zip(bytes, original).contains { abs($0 - $1) > 1e-4 }, "bytes are not the weights themselves")
        let apart = zip(bytes, original).reduce(Float(0)) { $0 + abs($1.0 - $1.1) } / Float(bytes.count)
        #expect(apart < 0.1)
    }
}
