import Foundation

// `import Foundation` in a file with SIMD code makes overload resolution slow and ambiguous: scalar functions come from
// here.

extension Double {
    func logarithm() -> Double { Foundation.log(self) }
    func exponential() -> Double { Foundation.exp(self) }
    func cosine() -> Double { Foundation.cos(self) }
    func sine() -> Double { Foundation.sin(self) }
    func power(_ exponent: Double) -> Double { Foundation.pow(self, exponent) }
}

extension Float {
    func logarithm() -> Float { Foundation.logf(self) }
}
