/* Foreverframe's client: made of client/, documented in docs/client.md. */
!function(le){var fe,s,i,t,de,u,l,f,c,a,Ce,Ne,pe,d,y,p,m,w,me,ve,r,he,v;function ge(){return(new Date).getTime()}
function ye(e,n){return e===Infinity?null:setTimeout(n,Math.min(e,t))}function h(e,n,t){
e.addEventListener?e.addEventListener(n,t,!1):e.attachEvent&&e.attachEvent("on"+n,t)}function g(e,n){for(
var t=0;t<e.length;t++)n(e[t])}function b(e,n){for(var t=0;e[t];)t++;return e[t]=n,t}function we(e){try{
return le.JSON?le.JSON.parse(e):new Function("return "+e)()}catch(n){return null}}function be(){
return"hidden"!==fe.visibilityState}function Me(e){var n=/^(\w+:)\/\/(?:[^\/?#]*@)?([^\/?#]*)/.exec(e.href)||["","",""];
return(n[1]+"//"+n[2].replace(/:(80|443)?$/,"")).toLowerCase()}function M(){
return le.XMLHttpRequest?new le.XMLHttpRequest:new le.ActiveXObject("Microsoft.XMLHTTP")}function Te(e,n,t,r){var o,c=M(
);return c.open(e,n,!0),o=b(i,c),c.onreadystatechange=function(){4===c.readyState&&(i[o]=null),r&&2<c.readyState&&r(c)},
c.send(t),c}function Se(e,n){try{Te("POST",e,n)}catch(t){!function(e){var n=fe.createElement("div"),
t="foreverframe"+String(Math.random()).substring(2);n.style.display="none",
n.innerHTML='<iframe name="'+t+'"></iframe><form method="post" target="'+t+'"></form>',fe.body.appendChild(n),
n.lastChild.action=e,n.lastChild.submit(),setTimeout(function(){n.parentNode&&n.parentNode.removeChild(n)},1e4)}(e)}}
function Re(e){var n;try{le.navigator.sendBeacon&&le.navigator.sendBeacon(e,"")||((n=M()).open("POST",e,!1),n.send(""))
}catch(t){}}function Ee(e,n){return 0<e?Number(e):n}function $e(e){return!e.transport||"auto"===e.transport}function Oe(
e){return e.replace(/[^.]*$/,"")}function Ue(e,n){return null!==e&&null!==n&&Oe(e)===Oe(n)&&e<=n}function xe(e,n){
return{type:"close",reason:e,reconnect:!1,retryMs:0,cursor:n}}function T(e){return e&&/^FF_/.test(e.code)?{type:"error",
code:e.code,status:e.status,detail:e.detail,reconnect:408===e.status||429===e.status||500<=e.status}:null}function S(){
for(var e=l.pop();e;)e.parentNode&&e.parentNode.removeChild(e),e=l.pop()}function E(e){try{
return e.contentWindow.document.readyState}catch(n){return"denied"}}function O(){try{return le.localStorage||null}catch(
e){return null}}function Le(e,n){var t=O(),r=a[e];try{r=r||t&&t.getItem(c+e)}catch(o){}return 0<(t=r?r-ge():0)&&t<=n?t:0
}function Ie(e,n){var t=O();a[e]=n&&ge()+n;try{n?t.setItem(c+e,String(a[e])):t.removeItem(c+e)}catch(r){}}function ke(e
){return e.signs+":"+(e.sign?e.sign():"")}function Ae(t,e,r,o){var c,i=Math.max(y,Math.min(e,r)/d),a=0,s=0,u=p,l=ge();
ye(i*Math.random(),function f(){var e=ke(t),n=ge()-l>i+m;t.isLive()&&(l=ge(),a++,e!==c?(c=e,s=0,u=p):t.isUnwatched||(
s+=n?p:1),!t.isUnwatched&&a*i>w*Math.min(r,pe)&&o.good(),r<=s*i?o.silent():(ye(i,f),u<=s?(u=s+d,o.missed()):n&&be(
)&&o.missed()))})}function n(n){g(he.slice(0),function(e){e[n]()})}function o(){ve=!0,n("begin")}function U(){n("wake")}
le.foreverframe&&le.foreverframe.open||(fe=le.document,s=le.location,i=[],t=2147483647,u=[],l=[],(de={}).frame=function(
n){var e,t=n.origin!==Me(s),r=t?fe:function(){try{return f||((f=new le.ActiveXObject("htmlfile")).open(),f.write(
"<html><body></body></html>"),f.close(),f.parentWindow.foreverframe=v),f.body?f:fe}catch(e){return fe}}(),
o=r.createElement("iframe"),c=b(u,n),i="push"+(c||""),a=!1;v[i]=function(e){a=a||"loading"===E(o),u[c]&&u[c].receive(e)}
,n.stop=function(){clearInterval(e),u[c]=null,l[l.length]=o,setTimeout(S,0)},t?n.isSource=function(e){
return e&&e==o.contentWindow}:r===fe&&le.addEventListener?(n.sign=function(){return function(e){try{
return e.contentWindow.document.documentElement.innerHTML.length}catch(n){return-1}}(o)},e=setInterval(function(){
var e=E(o);("denied"===e||a&&"loading"!==e)&&n.end()},250)):n.isUnwatched=!0,h(o,"load",function(){n.end()}),
o.style.display="none",o.referrerPolicy="origin",o.src=n.url(t?"&origin="+encodeURIComponent(Me(s)
):"&callback=parent.foreverframe."+i),r.body.appendChild(o)},h(le,"message",function(n){g(u,function(e){
e&&e.isSource&&e.isSource(n.source)&&n.origin===e.origin&&e.receive(we(n.data))})}),de.poll=function(r){var o,c,i=null;
r.isUnwatched=!0,r.stop=function(e){clearTimeout(c),o&&(i||r.earlier||e)&&o.abort()},function a(n){var t=ge(),
e=i||r.earlier,e="&wait="+n+(e?"&stream="+encodeURIComponent(e):"");r.limit(1e3*n),o=Te("GET",r.url(e+"&at="+t),null,
function(e){4===e.readyState&&!function(e,n){var t=e&&e.messages;t&&e.gaps?(e.stream!==i&&(i=e.stream,r.receive({
type:"open",stream:i,cursor:t.length?null:e.cursor,close:"streams/"+i+"/close"})),g(e.gaps,r.receive),g(t,r.receive),
r.receive({type:"cursor",cursor:e.cursor}),e.reason?r.receive({type:"close",reason:e.reason,reconnect:!e.stop,retryMs:0,
cursor:e.cursor}):r.isOnce&&!t.length?r.end():r.isLive()&&n&&!t.length?(r.limit(5e3),c=setTimeout(function(){a(25)},5e3)
):r.isLive()&&a(r.isOnce?0:25)):r.end(T(e))}(we(e.responseText),n&&ge()-t<1e3)})}(0)},de.ndjson=function(r){var o=0,
e=Te("GET",r.url(""),null,function(e){var n=e.responseText,t=n.substring(o).split("\n");o=n.length-t.pop().length,
r.signs=n.length,g(t,function(e){r.receive(we(e))}),4===e.readyState?r.end(T(we(n))):1e6<o&&r.receive({type:"close",
reason:"recycle",reconnect:!0})});r.stop=function(){e.abort()}},de.sse=function(n){var t=new le.EventSource(n.url(""));
g(["message","ff-open","ff-cursor","ff-gap","ff-close"],function(e){t.addEventListener(e,function(e){n.receive(we(e.data
))})}),t.addEventListener("ff-error",function(e){n.end(we(e.data))}),t.onerror=function(){n.end()},n.isUnwatched=!0,
n.stop=function(){t.close()}},c="foreverframe.path ",a={},Ne=/^(client|admin|expired|replaced)$/,pe=4e4,d=10,p=12,
m=Ce=5e3,w=4,y=50,ve=me=!(de.ws=function(n){var e=new le.WebSocket(n.url("").replace(/^http/,"ws"));
e.onmessage=function(e){n.receive(we(e.data))},e.onclose=function(){n.end()},n.stop=function(){e.close()}}),he=[],v={
open:function(c){var o,H,e=function(e){var n=fe.createElement("div"),t=fe.createElement("a");return t.href=e,
le.addEventListener||(n.innerHTML='<a href="'+e.replace(/&/g,"&amp;").replace(/"/g,"&quot;")+'"></a>',t=n.firstChild),t
}(String(c.url||"").replace(/[^\/]$/,"$&/")+"stream"),i=e.href,a=Me(e),P=(function(e,n){if(!$e(e)&&!de.hasOwnProperty(
e.transport))throw new Error('foreverframe: there is no transport "'+e.transport+'"');if(!/^https?:$/.test(n.protocol)
)throw new Error('foreverframe: "'+e.url+'" is no address of a server')}(c,e),3e4),F=5,s=Ee(c.retryMs,5e3),u=0,l=!1;
function f(e,n){d(),H=ye(e,n)}function d(){clearTimeout(H)}function p(){d(),v?Le(a,h)?S("poll","remembered"):me?S(
"frame"):S("poll","loading"):S(c.transport)}function m(e,n,t){var r=e;t&&(l=!(Math.abs(ge()-o)<P),o=l?ge():o),
0<e&&s!==Infinity||(r=l?s/F:s,r*=Math.pow(2,Math.max(0,l?u-1:u)),r=Math.min(r,Math.max(s,P)),r*=l?.5+Math.random(
):.75+Math.random()/2,r=Math.round(r)),u++,f(r,p),R("lost",{retryMs:r,reason:n})}var v=$e(c),W=16,h=Ee(c.frameAgainMs,
6e5),g=h/W,y=0;function X(){return v&&w&&"poll"===w.transport&&!w.isOnce}function _(){y=0,g=h/W}function j(){f(Le(a,h),
function(){g=Math.min(2*g,h),B()})}function B(){me&&S("frame","again")}var w=null,b=null,M=null,q=3,G=Math.min(Ee(
c.silentMs,pe)/4,3e4),T=15e3;function S(r,e,n){var t={transport:r,origin:a,isOnce:n,earlier:"poll"===r&&!n&&M&&M.polled,
isEarly:!me,signs:0,url:function(e){return i+function(e,n){var t="?transport="+r+"&channels="+encodeURIComponent(String(
e.channels));return null!==n?t+="&after="+encodeURIComponent(n):e.after?t+="&after="+encodeURIComponent(e.after
):e.last&&(t+="&last="+encodeURIComponent(e.last)),e.client&&(t+="&client="+encodeURIComponent(e.client)),t}(c,C.cursor
)+e},isLive:function(){return t===w||t===b},receive:function(e){t.signs++,e&&t.isLive()?function(e,n){
"open"===n.type?function(e,n){var t=e!==w&&w&&!w.isOnce;e.closeUrl=J(n),e.polled="poll"===e.transport?n.stream:null,
"closing"===C.state?Se((M=e).closeUrl,""):(e!==w&&(O(w),b=null),w=e,T=Ee(n.heartbeatMs,T),M=e.isOnce?null:e,
C.stream=e.isOnce?null:n.stream,C.transport=e.isOnce?"shared":e.transport,function(e){
return null!==e&&null!==C.cursor&&Oe(e)!==Oe(C.cursor)}(n.cursor)||oe(n.cursor),clearTimeout(e.timer),Ae(e,T,Ee(
c.silentMs,q*T),{good:_,missed:K,silent:function(){y++,U(e,null,"silent")}}),d(),u=0,l=!1,function(e){t&&(y=1),X()&&(
e.isEarly||Le(a,h)||Ie(a,g),j()),"frame"===e.transport&&Ie(a,0)}(e),e.isOnce?R("open",{transport:"shared"}):(R("open",n)
,N("onopen",n)))}(e,n):"error"===n.type?U(e,n):e===w&&ce(n)}(t,e):e&&"open"===e.type&&Se(J(e),"")},end:function(e){
t.isLive()&&U(t,e,t===w?"cut":"failed")},limit:function(e){clearTimeout(t.timer),t.timer=setTimeout(function(){U(t,null,
"silent")},e+G)}};E(b),(b=t).limit(0);try{de[r](t)}catch(o){setTimeout(function(){t.end(v?null:{type:"error",
code:"FF_TRANSPORT_UNSUPPORTED",status:0,detail:'This browser cannot use "'+r+'" ('+o.message+'): take "auto" instead',
reconnect:!1})},0)}w||R("connecting",{transport:r,reason:e||null})}function J(e){return i.replace(/stream$/,"")+e.close}
function E(e){e&&(clearTimeout(e.timer),e===b&&(b=null),e===w&&(w=null,C.stream=null),e.stop&&(e.stop(A),e.stop=null),
e.isOnce)&&e.closeUrl&&Se(e.closeUrl,"")}function O(e){e&&e===w&&n(Se),E(e)}function n(e){M&&(e(M.closeUrl,""),M=null)}
function U(n,e,t,r){var o=n===w;("silent"===t?O:E)(n),n.isOnce&&e&&!e.reconnect?ie(e):n.isOnce?ne(o
):"closing"===C.state?x("client"):w?(Ie(a,g),j()):e?ie(e):function(e){return v&&"frame"===n.transport&&(
!e||n.isHeld||1<y)?(y=0,S("poll",t),1):void(e||Ie(a,0))}(o)||m(r||0,t,o)}function D(e){var n=w;M=null,
"closing"===C.state?x(e.reconnect?"client":e.reason):e.reconnect?n.isOnce?(E(n),ne(!1)):"recycle"===e.reason?(w=null,
C.stream=null,S(n.transport,"recycle"),E(n)):(E(n),m(e.retryMs,e.reason)):(k(e,C.cursor),$("closed",e,"onclose"))}
var V=1e3;function K(){var t,r=w;function o(){return r===w&&"open"===C.state}r&&!r.isOnce&&!r.isAsking&&o()&&(t=ke(r),
r.isAsking=!0,function(e,n){var t,r,o=!1;function c(e){o||(o=!0,clearTimeout(r),n(e))}r=ye(Ce,function(){c({state:"away"
}),t.abort()});try{t=Te("GET",e+"?at="+ge(),null,function(e){4===e.readyState&&c(function(e){var n;try{return(n=we(
e.responseText)||{}).state?n:n.code?{state:"FF_STREAM_UNKNOWN"===n.code?"unknown":""}:{
state:e.status&&e.status<500?"":"away"}}catch(t){return{state:"away"}}}(e))})}catch(i){clearTimeout(r),ye(0,function(){
c({state:""})})}}(r.closeUrl.replace(/\/close$/,""),function(e){var n="closed"===e.state&&Ne.test(e.receipt.reason);
r.isAsking=!1,o()&&("unknown"===e.state||"closed"===e.state&&!n?U(r,null,"cut",1):"away"===e.state&&ke(r)===t?U(r,null,
"cut"):"away"===e.state?ye(V,K):e.state&&ye(V,function(){o()&&(n?D(xe(e.receipt.reason,e.cursor)):ke(r)!==t||Ue(e.cursor
,C.cursor)||(r.isHeld=!0,U(r,null,"silent")))}))}))}var t,z=5,r=null,L=!1,I=0;function Q(){r&&(r.leave(),r=null)}
function k(e,n){"epoch"===e.reason&&(t=e.after+e.upTo),r&&r.tell(e,n)}function Y(){L=!1,E(b),E(w),p()}function Z(){L=!0,
d(),E(b),O(w),C.transport="shared"}function ee(e){var n=e.event;n&&"close"===n.type?$("closed",n,"onclose"):(n&&Ue(
e.before,C.cursor)&&ce(n),"beat"===e.kind&&0<I&&I--,re()||b||w||0<I||("open"!==e.state||Ue(e.cursor,C.cursor
)&&e.restart===t?e.state!==C.state&&/^(connecting|open|lost)$/.test(e.state)&&R(e.state,{transport:"shared",
reason:e.reason,retryMs:e.retryMs}):(t=e.restart,S("poll","shared",!0))))}function ne(e){I=e?0:z}var te={},C={
state:"connecting",cursor:null,stream:null,transport:null,close:function(){re()||"closing"===C.state||(!w||w.isOnce?(n(
Se),x("client")):(Q(),E(b),Se(w.closeUrl,""),f(2e3,function(){x("client")}),R("closing",{})))},ack:function(){
w&&M&&null!==C.cursor&&Se(M.closeUrl.replace(/close$/,"ack"),'{"cursor":"'+C.cursor+'"}')}};function N(e,n,t){if(c[e]
)try{c[e](n,t)}catch(r){setTimeout(function(){throw r},0)}}function R(e,n){N("onstate",C.state=e,te=n)}function re(){
return"closed"===C.state||"refused"===C.state}function oe(e){return null!==e&&!Ue(e,C.cursor)&&(C.cursor=e,1)}
function ce(e){var n=C.cursor;"message"===e.type?oe(e.id)&&(k(e,n),N("onmessage",e)):"cursor"===e.type?oe(e.cursor)&&k(e
,n):"gap"===e.type?("epoch"===e.reason&&(C.cursor=e.upTo),k(e,n),N("ongap",e)):"close"===e.type&&D(e)}function ie(e){
e.reconnect?(m(0,e.code),N("onerror",e)):$("refused",e,"onerror")}function $(e,n,t){ue(),function(e){for(
var n=0;n<he.length;n++)if(he[n]===e)return he.splice(n,1)}(ae),R(e,n),N(t,n)}function x(e){$("closed",xe(e,C.cursor),
"onclose")}var A=!1,ae={begin:se,hide:function(){n(Re),A=!0,ue()},show:function(){A&&(A=!1,"closing"===C.state?x(
"client"):ve&&se())},loaded:function(){!X()||b||Le(a,h)||B()},wake:function(){("lost"!==C.state||L||A?K:p)()}};
function se(){re()||A||r||b||w||(c.share&&(r=function(e,c){var n,i=String(Math.random()),t=!1,r=0,a=0,o=ge()-2e3,s=!0,
u=function(n,t){var r,o;function c(e){e.key===n&&e.newValue&&t(we(e.newValue))}try{if(le.BroadcastChannel)return(
r=new le.BroadcastChannel(n)).onmessage=function(e){t(e.data)},{say:function(e){r.postMessage(e)},close:function(){
r.close()}};if((o=le.localStorage).setItem(n,""),le.addEventListener)return le.addEventListener("storage",c,!1),{
say:function(e){o.setItem(n,le.JSON.stringify(e))},close:function(){le.removeEventListener("storage",c,!1);try{
o.removeItem(n)}catch(e){}}}}catch(e){}return null}(e,function(e){u&&e&&e.from!==i&&("hello"===e.kind?t&&l("beat"
):"bye"===e.kind?f():t&&!(e.visible===be()?e.from<i:e.visible)?l("beat"):(t&&(t=!1,c.release()),o=ge(),s=!1,be(
)&&!e.visible&&f(),c.follow(e)))});function l(e,n,t){var r={n:++a,from:i,kind:e,visible:be(),event:n,before:t};
c.describe(r);try{u.say(r)}catch(o){}}function f(){o=ge()-2e3,s=!0}return u?(n=setInterval(function(){var e=ge()-o;r++,
t?r%4!=0&&be()||l("beat"):e<0?o=ge():s&&e>(be()?2e3:2400)?(t=!0,l("beat"),c.hold()):1200<e&&(s=!0,l("hello"))},250),l(
"hello"),{tell:function(e,n){t&&l("event",e,n)},leave:function(){clearInterval(n),t&&l("bye"),u.close(),u=null}}):null}(
["foreverframe",i,c.channels,c.client].join("\n"),{describe:function(e){e.state=C.state,e.reason=te.reason,
e.retryMs=te.retryMs,e.cursor=C.cursor,e.restart=t},hold:Y,release:Z,follow:ee})),L=!!r,r)||p()}function ue(){d(),E(b),
E(w),Q()}return function(e){he[he.length]=e,ve&&setTimeout(e.begin,0)}(ae),C}},"complete"===fe.readyState?me=ve=!0:(h(le
,"load",function(){setTimeout(function(){me=!0,o(),n("loaded")},50)}),setTimeout(function e(){fe.body?o():setTimeout(e,
250)},1e4)),h(le,"onpagehide"in le?"pagehide":"unload",function(){n("hide"),S()}),h(le,"pageshow",function(e){
e.persisted&&n("show")}),h(le,"online",U),h(fe,"visibilitychange",function(){be()?ge()-r>m&&U():r=ge()}),
le.foreverframe=v)}(window);
