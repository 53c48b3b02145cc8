/// From here on, operations are compiled instead of declared: a family's source file includes what the family stands
/// on, then this, then the family.
#undef ATELIER_OP
#define ATELIER_OP(name)                      \
  template decltype(name<float>) name<float>; \
  template decltype(name<double>) name<double>;
