/// From here on, kernels are compiled instead of declared: a family's source file includes what the family stands on,
/// then this, then the family.
#undef ATELIER_KERNEL
#define ATELIER_KERNEL(name)                  \
  template decltype(name<float>) name<float>; \
  template decltype(name<double>) name<double>;
