/// A path as the driver sees it: its sizes, and its kernels as functions. So the driver is compiled once for all paths
/// of a scalar, and the kernels are all that another path costs.
#pragma once

#include "atelier/kernels/gemm/finish.hpp"
#include "atelier/kernels/gemm/pack.hpp"
#include "atelier/kernels/gemm/tile.hpp"

namespace atelier::inline v0::kernels::gemm_impl {

template <class T> struct Kernels {
  template <class Args> using Function = void (*)(const Args&);
  static constexpr int most_lanes = 64 / sizeof(T), most_sums = 96;  ///< of any path

  int lanes, elements, vectors, rows, slot;  ///< see Path
  int most_rows_of[3];                       ///< most rows of a tile of one, two and three vectors
  bool converts;                             ///< packed operands hold other numbers than memory does
  bool tiled;                                ///< needs TileRegisters
  Function<PackArgs<T>> pack_across[3], pack_transposed, pack_along;
  Function<PieceArgs<T>> pack_pieces;
  const TileFunction<T>* tiles[2];  ///< of A in place, and of A transposed
  Function<ActivateArgs<T>> gelu;
  Function<TurnedArgs<T>> load_turned, store_turned;
  Function<AddArgs<T>> add_parts;

  int width() const { return vectors * lanes; }
  int most_rows(int v) const { return most_rows_of[v - 1]; }
  TileFunction<T> tile(bool transposed_a, int m, int v) const { return tiles[transposed_a][tile_place(m, v)]; }
  ColumnPanels panels(Index n) const { return {n, lanes, vectors}; }
  Blocks<T> blocks(Index k) const { return {k, elements}; }
};

template <class P, class T = typename P::T> constexpr Kernels<T> kernels_of() {
  return {
      .lanes = P::lanes,
      .elements = P::elements,
      .vectors = P::vectors,
      .rows = P::rows,
      .slot = P::slot,
      .most_rows_of = {P::most_rows(1), P::most_rows(2), P::most_rows(3)},
      .converts = P::unit != Unit::number,
      .tiled = P::tiled,
      .pack_across = {entry<P::isa, PackAcross<P, 1>, PackArgs<T>>(), entry<P::isa, PackAcross<P, 2>, PackArgs<T>>(),
                      entry<P::isa, PackAcross<P, 3>, PackArgs<T>>()},
      .pack_transposed = entry<P::isa, PackTransposed<P>, PackArgs<T>>(),
      .pack_along = entry<P::isa, PackAlong<P>, PackArgs<T>>(),
      .pack_pieces = entry<P::isa, PackPieces<P>, PieceArgs<T>>(),
      .tiles = {Tiles<P, false>::table.data(), Tiles<P, true>::table.data()},
      .gelu = entry<P::isa, GeluTile<P>, ActivateArgs<T>>(),
      .load_turned = entry<P::isa, LoadTurned<P>, TurnedArgs<T>>(),
      .store_turned = entry<P::isa, StoreTurned<P>, TurnedArgs<T>>(),
      .add_parts = entry<P::isa, AddParts<P>, AddArgs<T>>()};
}

/// The kernels of a mode's path.
template <class T> const Kernels<T>& kernels_for(const GemmMode& mode) {
  return *with_path<T>(mode, []<class P>(P) {
    static constexpr Kernels<T> kernels = kernels_of<P>();
    return &kernels;
  });
}

}  // namespace atelier::inline v0::kernels::gemm_impl
