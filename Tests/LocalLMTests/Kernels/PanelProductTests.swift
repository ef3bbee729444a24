import Testing
import TestSupport

@testable import LocalLM

/// The products of inference against their definition.
@Suite struct PanelProductTests {
    private static func random(_ count: Int, seed: UInt64) -> [Float] {
        var random = RandomStream(key: seed)
        return (0..<count).map { _ in Float(random.normal()) }
    }

    /// One layer's matrices are enough to reach the packing: a model whose `down` projection is the matrix W.
    private static func packed(inputs: Int, outputs: Int, precision: Precision) -> (
        weights: Weights, packed: InferenceWeights
    ) {
        let c = TinyModels.configuration(hidden: outputs, ffn: inputs, layers: 1, heads: 1, kvHeads: 1)
        let weights = Initialization.gaussian(c, standardDeviation: 1, seed: 3)
        return (weights, InferenceWeights(weights, precision: precision, pool: WorkerPool(threads: 1)))
    }

    /// y = x W^T with rows of floats.
    private static func multiply(
        _ packed: InferenceWeights,
        _ matrix: PackedMatrix,
        _ x: UnsafePointer<Float>,
        rows: Int,
        panels: Range<Int>? = nil,
        into y: UnsafeMutablePointer<Float>
    ) {
        packed.multiply(
            matrix,
            .floats(x, leading: matrix.inputs),
            rows: rows,
            panels: panels ?? 0..<matrix.panelCount,
            into: y
        )
    }

    private static let shapes = [
        (1, 2, 1), (1, 70, 40), (2, 9, 33), (2, 48, 33), (3, 100, 20), (4, 16, 8), (5, 34, 300), (7, 98, 31),
        (16, 64, 65),
        (40, 90, 700),
    ]

    @Test(arguments: shapes, [Precision.fp32, .bf16])
    func productsAreTheirDefinitionWithTheStoredWeights(shape: (m: Int, n: Int, k: Int), precision: Precision) {
        let (m, n, k) = shape
        let (weights, packed) = Self.packed(inputs: k, outputs: n, precision: precision)
        let w = weights.pointer(weights.layout.tensors.first { $0.name.hasSuffix("down_proj.weight") }!)
        let matrix = packed.layers[0].down, x = Self.random(m * k, seed: 1)
        var y = [Float](repeating: .nan, count: m * matrix.stride)
        Self.multiply(packed, matrix, x, rows: m, into: &y)
        for r in 0..<m {
            for j in 0..<n {
                let sum = (0..<k).reduce(0.0) { sum, p in
                    let weight = w[j * k + p]
                    let stored = precision == .bf16 ? BFloat16.widened(BFloat16.rounded(weight)) : weight
                    return sum + Double(x[r * k + p]) * Double(stored)
                }
                #expect(abs(Double(y[r * matrix.stride + j]) - sum) < 2e-6 * Double(k).squareRoot() * 4)
            }
        }
    }

    /// A row's bits are those that it has alone, and those of `Panels.multiply`, whatever the split of the columns.
    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8, 13, 16, 29, 70], [Precision.fp32, .bf16])
    func bitsDependNeitherOnRowsNorOnTheSplit(rows m: Int, precision: Precision) {
        let k = 650, n = 150
        let (weights, packed) = Self.packed(inputs: k, outputs: n, precision: precision)
        let matrix = packed.layers[0].down, x = Self.random(m * k, seed: 5), stride = matrix.stride
        var whole = [Float](repeating: .nan, count: m * stride), split = whole, alone = whole
        Self.multiply(packed, matrix, x, rows: m, into: &whole)
        for part in 0..<3 {
            Self.multiply(
                packed,
                matrix,
                x,
                rows: m,
                panels: matrix.panelCount * part / 3..<matrix.panelCount * (part + 1) / 3,
                into: &split
            )
        }
        x.withUnsafeBufferPointer { x in
            alone.withUnsafeMutableBufferPointer { alone in
                for r in 0..<m {
                    let y = alone.baseAddress! + r * stride
                    Self.multiply(packed, matrix, x.baseAddress! + r * k, rows: 1, into: y)
                }
            }
        }
        #expect(whole == split && whole == alone)
        guard precision == .fp32 else { return }
        let w = weights.pointer(weights.layout.tensors.first { $0.name.hasSuffix("down_proj.weight") }!)
        var panels = [Float](repeating: 0, count: Panels.count(depth: k, columns: n)),
            other = [Float](repeating: 0, count: m * stride)
        Panels.pack(columns: w, leading: k, depth: k, columns: n, into: &panels)
        Panels.multiply(
            rows: m,
            columns: n,
            depth: k,
            x,
            leading: k,
            panels: panels,
            &other,
            leading: stride,
            accumulate: false
        )
        for r in 0..<m { #expect(whole[(r * stride)..<(r * stride + n)] == other[(r * stride)..<(r * stride + n)]) }
    }

    /// Halfway goes to the even one: 1 + 2^-8 down to 1, 1 + 3 * 2^-8 up to 1 + 2^-6.
    @Test func roundingIsToTheNearestAndTiesAreEven() {
        func rounded(_ x: Float) -> Float { BFloat16.widened(BFloat16.rounded(x)) }
        #expect(rounded(1 + 0x1p-8) == 1 && rounded(1 + 0x3p-8) == 1 + 0x1p-6 && rounded(-1 - 0x1p-8) == -1)
        #expect(
            rounded(1 + 0x1p-8 + 0x1p-20) == 1 + 0x1p-7 && rounded(.infinity) == .infinity
                && rounded(.greatestFiniteMagnitude) == .infinity
        )
        #expect(rounded(.nan).isNaN && rounded(Float(bitPattern: 0x7F80_0001)).isNaN && rounded(-0.0).sign == .minus)
    }
}
