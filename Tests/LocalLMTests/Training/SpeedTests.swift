import Testing
@testable import LocalLM
@Suite struct SpeedTests {
 @Test func speeds() throws {
  for (n,c,b,t) in [("B",ModelConfiguration(hiddenSize: 256, intermediateSize: 768, layerCount: 6, headCount: 8, keyValueHeadCount: 4, vocabularySize: 2048),16,128),("C",ModelConfiguration(hiddenSize: 128, intermediateSize: 384, layerCount: 4, headCount: 4, keyValueHeadCount: 4, vocabularySize: 512),32,64),("nursery",ModelConfiguration(hiddenSize: 128, intermediateSize: 384, layerCount: 3, headCount: 4, keyValueHeadCount: 4, vocabularySize: 174),16,20)] {
   let w = Initialization.gaussian(c, seed: 1)
   for th in [1,2] { print(n, th, try SpeedMeasurement.measure(.train, weights: w, batch: b, length: t, threads: th, repetitions: 15)) }
   print(n, try SpeedMeasurement.measure(.decode, weights: w, batch: 16, length: 64, threads: 2, repetitions: 9))
  }
 }
}
