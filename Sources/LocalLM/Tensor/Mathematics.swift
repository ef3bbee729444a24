import Foundation

extension Double {
    func logarithm() -> Double { Foundation.log(self) }
    func cosine() -> Double { Foundation.cos(self) }
}
